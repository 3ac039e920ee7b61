// Room: posix. See patience.hpp.

#include "patience.hpp"

#include <algorithm>
#include <cerrno>

#include <signal.h>

#include <weft/posix.hpp>
#include <weft/runtime/cancellation.hpp>

#include "descriptor_kind.hpp"
#include "libc_time.hpp"
#include "real.hpp"
#include "unblocked.hpp"

namespace weft::posix {

using weft::detail::wake_reason;
using weft::net::detail::foreign_end;
using weft::net::detail::foreign_place;

// Not inlined, so that the address of errno is never kept; nor found to be pure: the barrier is for that. Not for the
// race detector, as in netpoll: errno is the thread's, and fibers that ran on it one after the other have all had it.
__attribute__((noinline, no_sanitize("thread"))) int last_error() noexcept {
  asm volatile("" ::: "memory");
  return errno;
}
__attribute__((noinline, no_sanitize("thread"))) void set_error(int number) noexcept {
  asm volatile("" ::: "memory");
  errno = number;
}

__attribute__((noinline, no_sanitize("thread"))) void set_host_error(int number) noexcept { h_errno = number; }

int fail(int number) noexcept {
  set_error(number);
  return -1;
}

bool enter() noexcept { return weft::detail::switch_point(); }

bool is_in_handler() noexcept {
  stack_t own{};
  return ::sigaltstack(nullptr, &own) == 0 && (own.ss_flags & SS_ONSTACK) != 0;
}

bool can_park() noexcept { return !weft::detail::clock_is_virtual() && !is_in_handler(); }

namespace {

bool has_nonblocking_flag(int fd) noexcept {
  const int flags = real().fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

}  // namespace

// One that is seen may be that of another fiber's try, which has it for a moment, under the lock. In the handler of a
// signal the interrupted code may have the lock.
bool is_nonblocking(int fd) noexcept {
  if (!has_nonblocking_flag(fd)) return false;
  if (is_in_handler()) return true;
  const weft::detail::internal_guard guard(lock_of_flags(fd));
  return has_nonblocking_flag(fd);
}

std::chrono::milliseconds pause_after(std::uint32_t count) noexcept {
  return std::chrono::milliseconds(1) * (1u << std::min(count, 6u));
}

int pause(std::chrono::milliseconds length, deadline until, weft::detail::wait_label label) noexcept {
  const auto over = std::min(until, deadline::after(weft::detail::now(), length));
  const auto token = weft::detail::arm(weft::detail::cancellation::honoured);
  if (weft::detail::park(token, over, label) == wake_reason::cancelled) return ECANCELED;
  return until <= weft::detail::now() ? ETIMEDOUT : 0;
}

int error_of(foreign_end end) noexcept {
  switch (end) {
    case foreign_end::cancelled:
    case foreign_end::closed: return ECANCELED;
    case foreign_end::timed_out: return ETIMEDOUT;
    default: return 0;
  }
}

deadline patience::until() noexcept {
  if (has_deadline_ || limit_ == limit::none) return until_;
  has_deadline_ = true;
  timeval length{};
  socklen_t size = sizeof(length);
  const int option = limit_ == limit::receive ? SO_RCVTIMEO : SO_SNDTIMEO;
  const bool is_set = ::getsockopt(fd_, SOL_SOCKET, option, &length, &size) == 0 &&  // else no socket
                      (length.tv_sec != 0 || length.tv_usec != 0);
  if (is_set) until_ = deadline::after(weft::detail::now(), span_of(length));
  return until_;
}

int patience::wait() noexcept {
  const deadline end = until();
  if (++looks_ > k_quick_looks) return pause(pause_after(looks_ - k_quick_looks), end, label_);
  foreign_place place;
  place.fd = fd_;
  place.events = static_cast<std::uint16_t>(events_);
  const foreign_end why = weft::net::detail::await_foreign({&place, 1}, end, label_);
  if (why == foreign_end::not_watched) {
    forget_way(fd_);  // it may have become a file unseen: the next attempt finds out
    return pause(pause_after(looks_), end, label_);
  }
  return error_of(why);
}

}  // namespace weft::posix
