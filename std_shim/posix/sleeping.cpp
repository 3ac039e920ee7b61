// Room: posix. nanosleep and its like: the runtime's timers.

#include <weft/posix.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "libc_time.hpp"
#include "off_worker.hpp"
#include "patience.hpp"
#include "real.hpp"
#include "several.hpp"

namespace weft::posix {

namespace {

timespec timespec_of(std::int64_t nanoseconds) noexcept {
  return {static_cast<time_t>(nanoseconds / 1'000'000'000), static_cast<long>(nanoseconds % 1'000'000'000)};
}

// Nanoseconds that were left; 0: slept to the end.
std::int64_t sleep_until(deadline until) noexcept {
  const auto token = weft::detail::arm(weft::detail::cancellation::honoured);
  if (weft::detail::park(token, until, "posix sleep") != weft::detail::wake_reason::cancelled) return 0;
  return std::max<std::int64_t>(1, until.nanoseconds() - weft::detail::now().nanoseconds());
}

// Until the kernel's timer has run out, or never began to: 0, or ECANCELED.
int await_timer(int timer) noexcept {
  several waits(1);
  waits.add(timer, EPOLLIN);
  std::uint64_t times = 0;
  const int found = waits.until_found(deadline::never(), "posix sleep", [&] {
    return real().read(timer, &times, sizeof(times)) == sizeof(times) || last_error() != EAGAIN ? 1 : 0;
  });
  return found < 0 ? last_error() : 0;
}

// Of a clock that has such timers: -1 is one that has none.
int open_timer(clockid_t clock, int flags, const timespec& length) noexcept {
  const int timer = ::timerfd_create(clock, TFD_CLOEXEC | TFD_NONBLOCK);
  if (timer < 0) return -1;
  itimerspec due{{}, length};
  if (length.tv_sec == 0 && length.tv_nsec == 0) due.it_value.tv_nsec = 1;  // nothing would disarm it
  if (::timerfd_settime(timer, (flags & TIMER_ABSTIME) != 0 ? TFD_TIMER_ABSTIME : 0, &due, nullptr) == 0) return timer;
  posix::close(timer);
  return -1;
}

int sleep_by_kernel(clockid_t clock, int flags, const timespec& length, timespec* left) noexcept {
  const int timer = can_park() ? open_timer(clock, flags, length) : -1;
  if (timer < 0) return off_worker([&] { return real().clock_nanosleep(clock, flags, &length, left); });
  const int error = await_timer(timer);
  itimerspec rest{};
  if (error != 0 && left != nullptr && (flags & TIMER_ABSTIME) == 0 && ::timerfd_gettime(timer, &rest) == 0)
    *left = rest.it_value;
  posix::close(timer);
  return error;
}

}  // namespace

int nanosleep(const timespec* length, timespec* left) noexcept {
  if (length == nullptr || !is_a_time(*length) || !enter() || is_in_handler()) return real().nanosleep(length, left);
  const std::int64_t rest = sleep_until(until_after(length));
  if (rest == 0) return 0;
  if (left != nullptr) *left = timespec_of(rest);
  return fail(ECANCELED);
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* length, timespec* left) noexcept {
  // Against a clock that may be set, or that does not tick as ours does, only the kernel knows when it is time.
  const bool is_ours = clock == CLOCK_MONOTONIC || (clock == CLOCK_REALTIME && (flags & TIMER_ABSTIME) == 0);
  if (length == nullptr || !is_a_time(*length) || !enter() || is_in_handler())
    return real().clock_nanosleep(clock, flags, length, left);
  if (!is_ours) return sleep_by_kernel(clock, flags, *length, left);
  const bool is_point = (flags & TIMER_ABSTIME) != 0;
  const deadline from = is_point ? deadline::from_nanoseconds(0) : weft::detail::now();
  const std::int64_t rest = sleep_until(deadline::after(from, span_of(*length)));
  if (rest != 0 && left != nullptr && !is_point) *left = timespec_of(rest);
  return rest != 0 ? ECANCELED : 0;
}

int usleep(useconds_t microseconds) noexcept {
  const timespec length = timespec_of(std::int64_t{1000} * microseconds);
  return posix::nanosleep(&length, nullptr);
}

unsigned sleep(unsigned seconds) noexcept {
  const timespec length{static_cast<time_t>(seconds), 0};
  timespec left{};
  if (posix::nanosleep(&length, &left) == 0) return 0;
  return static_cast<unsigned>(left.tv_sec) + (left.tv_nsec > 0 ? 1 : 0);
}

}  // namespace weft::posix
