#pragma once
// Room: runtime. The clock that weft's waits go by, as a clock of std::chrono: the steady clock, and inside simulate
// its virtual time. Its points are the steady clock's, so that whatever takes one of those (sleep_until, the *_until
// forms, deadline::at) takes these:
//
//   const auto limit = weft::clock::now() + 2s;
//   while (!done && weft::clock::now() < limit) cv.wait_until(lock, limit);
//
// Code that is to be simulated asks this clock and no other: std::chrono::steady_clock::now() stays real time inside a
// simulation, and a deadline made of it lies anywhere in the virtual one.
// Next: simulate.hpp.

#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/park.hpp>

#pragma GCC visibility push(default)

namespace weft {

struct clock {
  using duration = std::chrono::steady_clock::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr bool is_steady = true;

  // Any thread; on one without a runtime it is the steady clock's.
  [[nodiscard]] static time_point now() noexcept {
    return time_point(std::chrono::duration_cast<duration>(std::chrono::nanoseconds(detail::now().nanoseconds())));
  }
};

}  // namespace weft

#pragma GCC visibility pop
