#pragma once
// Room: sync. std::latch for fibers and plain threads at once: a count that goes down once. How it is counted and
// waited for is detail/countdown.hpp's; a count that also goes up is wait_group.hpp's.
// Next: barrier.hpp.

#include <cstddef>
#include <stdexcept>

#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/sync/detail/countdown.hpp>

#pragma GCC visibility push(default)

namespace weft {

// Opens when `expected` have counted down, and stays open. Constant-initialised.
//
//   weft::latch ready{3};
//   for (int i = 0; i < 3; ++i) weft::go([&] { prepare(); ready.count_down(); });
//   ready.wait();
//
// wait() and arrive_and_wait() park, and are cancellation points; count_down() and try_wait() are not even switch
// points, and count_down() takes no lock unless it is the last. arrive_and_wait() counts down first, whatever comes
// then: one that throws weft::cancelled has arrived. Everything before a count_down() happens before the return of the
// waits that it ends. try_wait() never fails for no reason. All waiters are woken at once, in the order of arrival.
// Destruction: by a waiter whose wait() has returned, at once, if it knows that nobody else will use the latch; the
// count_down() that let it go does not touch it any more. Waiters who were cancelled are let out first.
// Misuse: an expectation outside 0..max() throws std::invalid_argument; counting down by less than 0, or by more than
// is left, throws std::logic_error and changes nothing.
class latch {
 public:
  [[nodiscard]] static constexpr std::ptrdiff_t max() noexcept { return detail::countdown::k_max; }

  constexpr explicit latch(std::ptrdiff_t expected) : count_(checked(expected)) {}
  ~latch() { count_.wait_until_left("latch destruction"); }
  latch(const latch&) = delete;
  latch& operator=(const latch&) = delete;

  void count_down(std::ptrdiff_t n = 1) {
    if (n < 0 || !count_.take(n))
      throw std::logic_error("weft::latch: count_down() by less than nothing, or by more than is left");
  }
  [[nodiscard]] bool try_wait() const noexcept {
    detail::scheduling_point();
    return count_.is_zero();
  }
  // const, as in std: what changes is who waits.
  void wait() const { count_.wait("latch"); }
  void arrive_and_wait(std::ptrdiff_t n = 1) {
    count_down(n);
    wait();
  }

 private:
  static constexpr std::int32_t checked(std::ptrdiff_t expected) {
    if (expected < 0 || expected > max()) throw std::invalid_argument("weft::latch: a count must be from 0 to max()");
    return static_cast<std::int32_t>(expected);
  }

  mutable detail::countdown count_;
};

}  // namespace weft

#pragma GCC visibility pop
