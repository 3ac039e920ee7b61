// Room: posix. sigwait and its like: a look that does not wait, and a signalfd that tells when another is worth it.

#include <weft/posix.hpp>

#include <cerrno>
#include <chrono>

#include <sys/signalfd.h>

#include "libc_time.hpp"
#include "off_worker.hpp"
#include "patience.hpp"
#include "real.hpp"
#include "several.hpp"

namespace weft::posix {

namespace {

int take_signal(const sigset_t* set, siginfo_t* what) noexcept {
  constexpr timespec at_once{0, 0};
  return real().sigtimedwait(set, what, &at_once);
}

int wait_for_signal(const sigset_t* set, siginfo_t* what, deadline until) noexcept {
  const int watch = ::signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (watch < 0) return -1;
  several waits(1);
  waits.add(watch, EPOLLIN);
  const int number = waits.until_found(until, "posix sigwait", [&] {
    const int found = take_signal(set, what);
    return found < 0 && last_error() == EAGAIN ? 0 : found;  // somebody else has taken it
  });
  const int error = number < 0 ? last_error() : EAGAIN;
  posix::close(watch);
  return number > 0 ? number : fail(error);
}

}  // namespace

int sigtimedwait(const sigset_t* set, siginfo_t* what, const timespec* length) noexcept {
  const bool is_sound = length == nullptr || is_a_time(*length);
  if (!is_sound || !enter()) return real().sigtimedwait(set, what, length);
  const int found = take_signal(set, what);
  if (found >= 0 || last_error() != EAGAIN) return found;
  if (!can_park()) return real().sigtimedwait(set, what, length);
  return wait_for_signal(set, what, until_after(length));
}

int sigwaitinfo(const sigset_t* set, siginfo_t* what) noexcept { return posix::sigtimedwait(set, what, nullptr); }

int sigwait(const sigset_t* set, int* number) noexcept {
  const int found = posix::sigtimedwait(set, nullptr, nullptr);
  if (found < 0) return last_error();
  *number = found;
  return 0;
}

}  // namespace weft::posix
