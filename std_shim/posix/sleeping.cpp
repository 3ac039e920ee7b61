// Room: posix. nanosleep and its like: the runtime's timers.

#include <weft/posix.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>

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
  if (length == nullptr || !is_a_time(*length) || !enter()) return real().nanosleep(length, left);
  const auto until = deadline::after(weft::detail::now(),
                                     std::chrono::seconds(length->tv_sec) + std::chrono::nanoseconds(length->tv_nsec));
  const std::int64_t rest = sleep_until(until);
  if (rest == 0) return 0;
  if (left != nullptr) *left = timespec_of(rest);
  return fail(ECANCELED);
}

}  // namespace weft::posix
