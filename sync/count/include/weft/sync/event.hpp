#pragma once
// Room: sync. An event: something that has happened, until it is reset. It owns a flag and a list of waiters; both
// sides in numbered steps: event.cpp.
// Next: future.hpp, for events that bring a value.

#include <atomic>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/atomic.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/wait_limit.hpp>
#include <weft/sync/detail/wait_queue.hpp>

#pragma GCC visibility push(default)

namespace weft {

// A flag that can be waited for, reset by hand; for fibers and plain threads at once. Constant-initialised.
//
//   weft::event ready;
//   weft::go([&] { load(); ready.set(); });
//   ready.wait();                                     // returns at once from now on, until ready.reset()
//
// set() lets everyone go who waits, in the order of arrival, and everyone who comes until reset(): a waiter that a
// set() has let go returns, also if reset() follows at once. wait(), wait_for() and wait_until() park, and are
// cancellation points; the timed ones say false if the time ran out, and true if the event is set, however late it is.
// set(), reset() and is_set() are not even switch points. What came before a set() happens before the return of the
// waits that it ends, and before an is_set() that says true.
// Destruction: by a waiter whose wait has returned, at once, if it knows that nobody else will use the event: the set()
// that let it go does not touch it any more. (One that saw is_set() may do so as well.) Waiters who were cancelled or
// timed out are let out first; nobody else may wait.
// Misuse: none; setting what is set and resetting what is not are nothing.
class event {
 public:
  constexpr event() noexcept = default;
  constexpr explicit event(bool is_set) noexcept : set_(is_set) {}
  ~event() { waiters_.wait_until_left("event destruction"); }
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  void set() noexcept;
  void reset() noexcept;
  [[nodiscard]] bool is_set() const noexcept {
    // acquire: sees what came before set(); pairs with its release.
    return set_.load(std::memory_order_acquire);
  }

  void wait() { (void)wait_within(deadline::never()); }
  template <class Rep, class Period>
  [[nodiscard]] bool wait_for(const std::chrono::duration<Rep, Period>& d) {
    return wait_within(detail::limit(d));
  }
  template <class Clock, class Duration>
  [[nodiscard]] bool wait_until(const std::chrono::time_point<Clock, Duration>& t) {
    return detail::wait_by(t, [this](deadline until) { return wait_within(until); });
  }
  [[nodiscard]] bool wait_until(deadline until) { return wait_within(until); }

 private:
  bool wait_within(deadline until);

  // Read by any thread, written under waiters_.lock.
  detail::atomic<bool> set_{false};
  detail::wait_queue waiters_;
};

}  // namespace weft

#pragma GCC visibility pop
