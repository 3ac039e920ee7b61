// Room: posix. waitpid and its like: by a pidfd where there is one for what is asked.

#include <weft/posix.hpp>

#include <cerrno>

#include <fcntl.h>
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

// The same for waitid's ways to name a child. A descriptor that the caller names is the caller's.
int watch_of(idtype_t kind, id_t id, int options) noexcept {
  if ((options & (WSTOPPED | WCONTINUED)) != 0) return -1;
  if (kind == P_PIDFD) return real().fcntl(static_cast<int>(id), F_DUPFD_CLOEXEC, 0);
  return kind == P_PID ? watch_of(static_cast<pid_t>(id), 0) : -1;
}

// Looks until `look` finds something, which is not 0: what it found, or -1 and errno.
template <class Look>
auto until_changed(int watch, weft::detail::wait_label label, Look look) noexcept -> decltype(look()) {
  patience waits(watch, POLLIN, limit::none, label);
  decltype(look()) found = 0;
  int error = 0;
  while (found == 0 && error == 0) {
    error = wait_a_turn(watch, waits);
    if (error == 0) found = look();
  }
  const int kept = found < 0 ? last_error() : 0;
  if (watch >= 0) posix::close(watch);
  if (error != 0) return fail(error);
  return kept != 0 ? fail(kept) : found;
}

}  // namespace

pid_t waitpid(pid_t pid, int* status, int options) noexcept { return posix::wait4(pid, status, options, nullptr); }

pid_t wait4(pid_t pid, int* status, int options, rusage* used) noexcept {
  if ((options & WNOHANG) != 0 || !enter() || !can_park()) return real().wait4(pid, status, options, used);
  const pid_t now = real().wait4(pid, status, options | WNOHANG, used);
  if (now != 0) return now;
  return until_changed(watch_of(pid, options), "posix waitpid",
                       [&] { return real().wait4(pid, status, options | WNOHANG, used); });
}

// What it found stands in *what alone: without one, in a place of ours.
int waitid(idtype_t kind, id_t id, siginfo_t* what, int options) noexcept {
  if ((options & WNOHANG) != 0 || !enter() || !can_park()) return real().waitid(kind, id, what, options);
  siginfo_t here{};
  siginfo_t& found = what != nullptr ? *what : here;
  // 1: a child; 0: none yet.
  const auto look = [&] {
    found.si_pid = 0;
    const int result = real().waitid(kind, id, &found, options | WNOHANG);
    return result < 0 ? -1 : found.si_pid != 0 ? 1 : 0;
  };
  int state = look();
  if (state == 0) state = until_changed(watch_of(kind, id, options), "posix waitid", look);
  return state < 0 ? -1 : 0;
}

}  // namespace weft::posix
