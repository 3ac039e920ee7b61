#pragma once
// Room: runtime. A limit as the standard's waits take it, a duration or a point on any clock, turned into a deadline:
// the one place for it, behind every _for and _until.
//
//   limit(d)                until when to wait: d from now, rounded up; of a float that is no number, not at all
//   limit(t)                ... t on the steady clock; on another one, by how far off t is there now
//   is_over(t)              asked after a wait by limit(t) has timed out: whether t has come, by its own clock
//   wait_by(t, wait)        both, until wait(deadline) says true, or t has come
//
// A clock of somebody else's may run slower than ours, or be set back: a wait that ended by that clock's point as it
// was when the wait began would end before the clock says so. Hence is_over; who is set forward is met late.
// A point that is as far as its representation goes, and to come, is never, on any clock: of hours counted in a short
// the last one was in 1973. In a simulation only the virtual clock moves with a wait, so a point on another one is over
// when the wait by it is.
// Next: deadline.hpp, whose conversions saturate.

#include <type_traits>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/park.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

template <class Rep, class Period>
[[nodiscard]] deadline limit(const std::chrono::duration<Rep, Period>& d) noexcept {
  return deadline::after(now(), d);
}

template <class Clock, class Duration>
[[nodiscard]] deadline limit(const std::chrono::time_point<Clock, Duration>& t) {
  if constexpr (std::is_same_v<Clock, deadline::clock>) {
    return deadline::at(t);
  } else {
    const std::chrono::nanoseconds left = deadline::between(Clock::now(), t);
    if (left.count() > 0 && t.time_since_epoch() == Duration::max()) return deadline::never();
    return deadline::after(now(), left);
  }
}

template <class Clock, class Duration>
[[nodiscard]] bool is_over(const std::chrono::time_point<Clock, Duration>& t) {
  if constexpr (std::is_same_v<Clock, deadline::clock>)
    return true;
  else
    return clock_is_virtual() || deadline::between(Clock::now(), t).count() == 0;
}

// What was waited for comes before the limit: `wait` is called once, also if t has passed.
template <class Clock, class Duration, class Wait>
bool wait_by(const std::chrono::time_point<Clock, Duration>& t, Wait wait) {
  do {
    if (wait(limit(t))) return true;
  } while (!is_over(t));
  return false;
}

}  // namespace weft::detail

#pragma GCC visibility pop
