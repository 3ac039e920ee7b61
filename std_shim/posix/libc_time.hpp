#pragma once
// Room: posix. libc's times as ours. What 64 bits of nanoseconds do not hold is cut, not wrapped: 285 years are far
// enough away.

#include <chrono>
#include <cstdint>
#include <ctime>

#include <sys/time.h>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/park.hpp>

namespace weft::posix {

[[nodiscard]] constexpr bool is_a_time(const timespec& t) noexcept {
  return t.tv_sec >= 0 && t.tv_nsec >= 0 && t.tv_nsec < 1'000'000'000;
}

[[nodiscard]] constexpr std::chrono::nanoseconds span_of(const timespec& t) noexcept {
  constexpr std::int64_t k_most = 9'000'000'000;  // seconds
  if (t.tv_sec > k_most) return std::chrono::nanoseconds::max();
  if (t.tv_sec < -k_most) return std::chrono::nanoseconds::min();
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}
[[nodiscard]] constexpr std::chrono::nanoseconds span_of(const timeval& t) noexcept {
  return span_of(timespec{t.tv_sec, t.tv_usec * 1000});
}

// Null is never.
[[nodiscard]] inline deadline until_after(const timespec* t) noexcept {
  return t == nullptr ? deadline::never() : deadline::after(weft::detail::now(), span_of(*t));
}

}  // namespace weft::posix
