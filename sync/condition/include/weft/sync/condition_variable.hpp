#pragma once
// Room: sync. The condition variable that goes with weft::mutex: a queue of waiters and nothing else.
// Next: condition_variable_any.hpp.

#include <condition_variable>  // std::cv_status
#include <cstdint>
#include <mutex>  // std::unique_lock
#include <utility>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/runtime/detail/wait_limit.hpp>
#include <weft/sync/detail/wait_queue.hpp>
#include <weft/sync/mutex.hpp>

#pragma GCC visibility push(default)

namespace weft {

// std::condition_variable for fibers and plain threads at once, all of it but native_handle. Constant-initialised. With
// other locks, or a std::stop_token: condition_variable_any.
//
//   std::unique_lock lock(m);
//   cv.wait(lock, [&] { return ready; });
//
// Every wait is a cancellation point: it throws weft::cancelled, and then has locked the mutex again all the same
// (locking it again is not a cancellation point). Waits do not wake for no reason, but what they waited for may be gone
// again when they have the mutex. A lock that does not own its mutex: std::system_error(operation_not_permitted).
// notify_one and notify_all may be called with or without the mutex, and are not switch points. Waiters are woken in
// the order in which they came, and a notification is never spent on a waiter whose time had run out.
// Destruction: allowed as soon as every waiter has been notified, whether or not it has returned: the destructor waits
// (not cancellably) for those whose time ran out, or who were cancelled, just before.
class condition_variable {
 public:
  constexpr condition_variable() noexcept = default;
  ~condition_variable() { waiters_.wait_until_left("condition variable destruction"); }
  condition_variable(const condition_variable&) = delete;
  condition_variable& operator=(const condition_variable&) = delete;

  void notify_one() noexcept {
    const detail::scheduling_points around;
    if (!waiters_.nobody_inside()) notify(1);
  }
  void notify_all() noexcept {
    const detail::scheduling_points around;
    if (!waiters_.nobody_inside()) notify(detail::wait_queue::k_all);
  }

  void wait(std::unique_lock<mutex>& lock) { wait_until(lock, deadline::never()); }

  template <class Predicate>
  void wait(std::unique_lock<mutex>& lock, Predicate satisfied) {
    while (!satisfied()) wait(lock);
  }

  template <class Rep, class Period>
  std::cv_status wait_for(std::unique_lock<mutex>& lock, const std::chrono::duration<Rep, Period>& d) {
    return wait_until(lock, detail::limit(d));
  }

  template <class Rep, class Period, class Predicate>
  bool wait_for(std::unique_lock<mutex>& lock, const std::chrono::duration<Rep, Period>& d, Predicate satisfied) {
    return wait_until(lock, detail::limit(d), std::move(satisfied));
  }

  template <class Clock, class Duration>
  std::cv_status wait_until(std::unique_lock<mutex>& lock, const std::chrono::time_point<Clock, Duration>& t) {
    // A notification between two waits would be lost, so there is one: a time-out that t's own clock denies is told as
    // a wait that ended for no reason.
    const std::cv_status status = wait_until(lock, detail::limit(t));
    return status == std::cv_status::timeout && !detail::is_over(t) ? std::cv_status::no_timeout : status;
  }

  template <class Clock, class Duration, class Predicate>
  bool wait_until(std::unique_lock<mutex>& lock, const std::chrono::time_point<Clock, Duration>& t,
                  Predicate satisfied) {
    while (!satisfied())
      if (wait_until(lock, t) == std::cv_status::timeout) return satisfied();
    return true;
  }

  std::cv_status wait_until(std::unique_lock<mutex>& lock, deadline until);

  template <class Predicate>
  bool wait_until(std::unique_lock<mutex>& lock, deadline until, Predicate satisfied) {
    while (!satisfied())
      if (wait_until(lock, until) == std::cv_status::timeout) return satisfied();
    return true;
  }

 private:
  void notify(std::uint32_t most) noexcept;

  detail::wait_queue waiters_;
};

// Keeps the mutex locked until the calling fiber, or plain thread, has ended (its function's closure and its
// fiber_locals are destroyed), then notifies all and unlocks, in this order: a waiter that has the mutex and sees what
// it waited for may destroy both at once. A lock that does not own its mutex: as for the waits. May throw
// std::bad_alloc; then the mutex is unlocked now, and nobody notified.
void notify_all_at_thread_exit(condition_variable& notified, std::unique_lock<mutex> lock);

}  // namespace weft

#pragma GCC visibility pop
