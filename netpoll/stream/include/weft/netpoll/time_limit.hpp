#pragma once
// Room: netpoll. What deadlines of streams and listeners are set to: so long from now, or a point on the steady clock.
//
//   conn.set_deadline(5s);
//   conn.set_deadline(std::chrono::steady_clock::now() + 5s);
//   conn.set_deadline(std::chrono::steady_clock::time_point::max());   // none
//
// Durations of any kind, also of floats, rounded up to nanoseconds. What is further away than the clock reaches is
// none; what is 0, negative or past ends the operations at once. In a simulation a duration is virtual time.

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/wait_limit.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

// Implicit: written where one is expected. Counted from when it is made.
class time_limit {
 public:
  template <class Rep, class Period>
  time_limit(const std::chrono::duration<Rep, Period>& from_now) noexcept : until_(weft::detail::limit(from_now)) {}
  template <class Duration>
  constexpr time_limit(const std::chrono::time_point<std::chrono::steady_clock, Duration>& at) noexcept
      : until_(deadline::at(at)) {}

  [[nodiscard]] constexpr deadline until() const noexcept { return until_; }

 private:
  deadline until_;
};

}  // namespace weft::net

#pragma GCC visibility pop
