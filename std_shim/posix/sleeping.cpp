// Room: posix. nanosleep and its like: the runtime's timers.

#include <weft/posix.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "off_worker.hpp"
#include "patience.hpp"
#include "real.hpp"

namespace weft::posix {

namespace {

bool is_a_time(const timespec& t) noexcept { return t.tv_sec >= 0 && t.tv_nsec >= 0 && t.tv_nsec < 1'000'000'000; }

timespec timespec_of(std::int64_t nanoseconds) noexcept {
  return {static_cast<time_t>(nanoseconds / 1'000'000'000), static_cast<long>(nanoseconds % 1'000'000'000)};
}

// Nanoseconds that were left; 0: slept to the end.
std::int64_t sleep_until(deadline until) noexcept {
  const auto token = weft::detail::arm(weft::detail::cancellation::honoured);
  if (weft::detail::park(token, until, "posix sleep") != weft::detail::wake_reason::cancelled) return 0;
  return std::max<std::int64_t>(1, until.nanoseconds() - weft::detail::now().nanoseconds());
}

}  // namespace

int nanosleep(const timespec* length, timespec* left) noexcept {
  if (length == nullptr || !is_a_time(*length) || !enter() || is_in_handler()) return real().nanosleep(length, left);
  const auto until = deadline::after(weft::detail::now(),
                                     std::chrono::seconds(length->tv_sec) + std::chrono::nanoseconds(length->tv_nsec));
  const std::int64_t rest = sleep_until(until);
  if (rest == 0) return 0;
  if (left != nullptr) *left = timespec_of(rest);
  return fail(ECANCELED);
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* length, timespec* left) noexcept {
  // Against a clock that may be set, or that does not tick as ours does, only the kernel knows when it is time.
  const bool is_ours = clock == CLOCK_MONOTONIC || (clock == CLOCK_REALTIME && (flags & TIMER_ABSTIME) == 0);
  if (length == nullptr || !is_a_time(*length) || !enter() || is_in_handler())
    return real().clock_nanosleep(clock, flags, length, left);
  if (!is_ours) return off_worker([&] { return real().clock_nanosleep(clock, flags, length, left); });
  const auto span = std::chrono::seconds(length->tv_sec) + std::chrono::nanoseconds(length->tv_nsec);
  const bool is_point = (flags & TIMER_ABSTIME) != 0;
  const deadline from = is_point ? deadline::from_nanoseconds(0) : weft::detail::now();
  const std::int64_t rest = sleep_until(deadline::after(from, span));
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
