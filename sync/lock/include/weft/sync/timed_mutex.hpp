#pragma once
// Room: sync. weft::mutex with a limit to the wait: the same word, the same queue, the same protocol ("Locking",
// mutex.cpp, L7).
// Next: recursive_mutex.hpp.

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/wait_limit.hpp>
#include <weft/runtime/park.hpp>
#include <weft/sync/mutex.hpp>

#pragma GCC visibility push(default)

namespace weft {

// std::timed_mutex for fibers and plain threads at once. What mutex.hpp says of fairness, destruction and misuse holds
// for it. Constant-initialised, 32 bytes, trivially destructible; lock(), try_lock() and unlock() cost what a mutex's
// do.
//
//   weft::timed_mutex m;
//   std::unique_lock lock(m, 50ms);                  // or lock.try_lock_for(50ms), m.try_lock_until(t)
//   if (!lock) return busy();
//
// try_lock_for and try_lock_until are switch points when they wait (then the fiber parks, or the thread blocks), and
// never cancellation points: a fiber that is cancelled meanwhile goes on waiting until it has the mutex or its time has
// run out. They fail only when it has. Who is handed the mutex as its time runs out has it, and who finds it free then
// takes it: true, a little late. A limit that has passed already makes them a try_lock(). A limit on another clock
// than the steady one has come when that clock says so: set back meanwhile, it makes the wait longer; set forward, it
// is met when the wait was to end. Waiting with a limit for a mutex that the caller holds is misuse: in a debug build
// of the library it throws as lock() does, else it returns false in the end.
class timed_mutex : mutex {
 public:
  constexpr timed_mutex() noexcept = default;
  ~timed_mutex() = default;
  timed_mutex(const timed_mutex&) = delete;
  timed_mutex& operator=(const timed_mutex&) = delete;

  using mutex::lock;
  using mutex::try_lock;
  using mutex::unlock;

  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& d) {
    return try_lock() || try_lock_until(detail::limit(d));
  }

  template <class Clock, class Duration>
  [[nodiscard]] bool try_lock_until(const std::chrono::time_point<Clock, Duration>& t) {
    return try_lock() || detail::wait_by(t, [this](deadline until) { return try_lock_until(until); });
  }

  // never() waits for ever. `what` is what a dump shows of a fiber that waits.
  [[nodiscard]] bool try_lock_until(deadline until, detail::wait_label what = "mutex") {
    return lock_until(until, what);
  }
};

}  // namespace weft

#pragma GCC visibility pop
