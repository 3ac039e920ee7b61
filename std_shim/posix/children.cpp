// Room: posix. waitpid and its like: by a pidfd where there is one for what is asked.

#include <weft/posix.hpp>

#include <cerrno>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weft/netpoll/detail/foreign_wait.hpp>

#include "patience.hpp"
#include "real.hpp"

namespace weft::posix {

namespace {

// -1: no end that a descriptor could tell of, or none to be had.
int watch_of(pid_t pid, int options) noexcept {
  if (pid <= 0 || (options & (WUNTRACED | WCONTINUED)) != 0) return -1;
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

int wait_a_turn(int watch, patience& waits) noexcept { return watch >= 0 ? waits.wait() : waits.wait_a_while(); }

}  // namespace

pid_t waitpid(pid_t pid, int* status, int options) noexcept { return posix::wait4(pid, status, options, nullptr); }

pid_t wait4(pid_t pid, int* status, int options, rusage* used) noexcept {
  if ((options & WNOHANG) != 0 || !enter() || !can_park()) return real().wait4(pid, status, options, used);
  const pid_t now = real().wait4(pid, status, options | WNOHANG, used);
  if (now != 0) return now;
  const int watch = watch_of(pid, options);
  patience waits(watch, POLLIN, limit::none, "posix waitpid");
  pid_t over = 0;
  int error = 0;
  while (over == 0 && error == 0) {
    error = wait_a_turn(watch, waits);
    if (error == 0) over = real().wait4(pid, status, options | WNOHANG, used);
  }
  const int kept = over < 0 ? last_error() : 0;
  if (watch >= 0) posix::close(watch);
  if (error != 0) return fail(error);
  return kept != 0 ? fail(kept) : over;
}

}  // namespace weft::posix
