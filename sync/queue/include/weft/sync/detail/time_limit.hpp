#pragma once
// Room: sync. A limit as the standard's waits take it (a duration, or a point on any clock) turned into a deadline,
// once, at the outermost call.

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/park.hpp>

namespace weft::detail {

template <class Rep, class Period>
[[nodiscard]] deadline limit(std::chrono::duration<Rep, Period> d) noexcept {
  return deadline::after(now(), d);
}

template <class Duration>
[[nodiscard]] deadline limit(std::chrono::time_point<deadline::clock, Duration> t) noexcept {
  return deadline::at(t);
}

// Another clock: by how far off the point is now. If that clock is set meanwhile, the wait does not follow it.
template <class Clock, class Duration>
[[nodiscard]] deadline limit(std::chrono::time_point<Clock, Duration> t) {
  return limit(t - Clock::now());
}

}  // namespace weft::detail
