// Room: posix. Locks of files. A thread that waited for one could not be called off, and one that got it later would
// hold it for nobody: so it is asked for without waiting, again and again.

#include <weft/posix.hpp>

#include <cerrno>
#include <cstdarg>

#include <sys/file.h>

#include "patience.hpp"
#include "real.hpp"

namespace weft::posix {

namespace {

template <class Attempt>
int until_had(weft::detail::wait_label label, Attempt attempt) noexcept {
  for (std::uint32_t tries = 0;; ++tries) {
    const int result = attempt();
    const int error = result < 0 ? last_error() : 0;
    if (error != EAGAIN && error != EACCES) return result;
    if (pause(pause_after(tries), deadline::never(), label) != 0) return fail(ECANCELED);
  }
}

}  // namespace

int flock(int fd, int operation) noexcept {
  if ((operation & (LOCK_NB | LOCK_UN)) != 0 || !enter() || !can_park()) return real().flock(fd, operation);
  return until_had("posix flock", [&] { return real().flock(fd, operation | LOCK_NB); });
}

int fcntl(int fd, int command, ...) noexcept {
  std::va_list rest;
  va_start(rest, command);
  void* const argument = va_arg(rest, void*);  // a number stands in the same place
  va_end(rest);
  if ((command != F_SETLKW && command != F_OFD_SETLKW) || !enter() || !can_park())
    return real().fcntl(fd, command, argument);
  const int without_waiting = command == F_SETLKW ? F_SETLK : F_OFD_SETLK;
  return until_had("posix fcntl", [&] { return real().fcntl(fd, without_waiting, argument); });
}

}  // namespace weft::posix
