#pragma once
// Room: sync. The condition variable that goes with any lock, and with a std::stop_token: a queue of waiters and
// nothing else, as condition_variable.hpp. Protocols: "Notifying any" in condition_variable_any.cpp, "Stopping"
// in detail/stop_waker.hpp.
// Next: wait_group.hpp.

#include <condition_variable>  // std::cv_status
#include <cstdint>
#include <stop_token>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/runtime/detail/wait_limit.hpp>
#include <weft/sync/detail/stop_waker.hpp>
#include <weft/sync/detail/wait_queue.hpp>

#pragma GCC visibility push(default)

namespace weft {

namespace detail {

// One wait, on the waiter's frame: in the queue from its beginning to its end.
class any_wait {
 public:
  explicit any_wait(wait_queue& in) noexcept;
  ~any_wait();  // leaves the queue, if the caller's unlock threw
  any_wait(const any_wait&) = delete;
  any_wait& operator=(const any_wait&) = delete;

  // `stop` may be null. ready: notified; again: a stop was requested.
  [[nodiscard]] wake_reason park(deadline until, stop_waker* stop) noexcept;

 private:
  wait_queue& in_;
  wait_node node_;
  bool has_ended_ = false;
};

}  // namespace detail

// std::condition_variable_any for fibers and plain threads at once; with everything that has lock() and unlock(): the
// standard locks on any mutex of weft, or the mutex itself. Constant-initialised. With std::unique_lock<weft::mutex>,
// condition_variable does the same for less.
//
//   std::shared_lock lock(rw);
//   cv.wait(lock, [&] { return ready; });
//   if (!cv.wait(lock, stop, [&] { return ready; })) return;     // a std::stop_token: false if it was requested
//
// Every wait parks (or blocks the thread) and is a cancellation point: it throws weft::cancelled, and then has locked
// the lock again all the same. The lock's own unlock() and lock() are called with cancellation held back, so that
// locking again is no cancellation point whatever the lock is, and with nothing of ours held. If lock() throws, the
// program ends (std::terminate), as std has it; if unlock() does, the wait throws that. A fiber may come back from a
// wait on another thread: with a std::mutex that is right if it passes no other switch point while it holds it.
// Waits do not wake for no reason, but what they waited for may be gone again when they have the lock.
// notify_one and notify_all may be called with or without the lock, and are not switch points. Waiters are woken in the
// order in which they came, and a notification is never spent on a waiter whose time had run out, who was cancelled, or
// who was stopped.
// Stop: the forms with a std::stop_token return what the predicate says as soon as a stop is requested, by any thread;
// not even one that comes between the last look and the park is missed. Others who wait do not notice. The request
// takes no lock but the token's own: it may be made with or without the lock of the wait. No std::stop_callback on the
// same state may park: libstdc++ remembers the thread that requested, and a fiber may go on elsewhere.
// Destruction: allowed as soon as every waiter has been notified, whether or not it has returned. The destructor waits
// (not cancellably) for those who were notified before they had parked, and those whose time ran out, or who were
// cancelled or stopped, just before. A stop requested later on behalf of a waiter that was notified does no harm.
class condition_variable_any {
 public:
  constexpr condition_variable_any() noexcept = default;
  ~condition_variable_any() { waiters_.wait_until_left("condition variable destruction"); }
  condition_variable_any(const condition_variable_any&) = delete;
  condition_variable_any& operator=(const condition_variable_any&) = delete;

  void notify_one() noexcept {
    const detail::scheduling_points around;
    if (!waiters_.nobody_inside()) notify(1);
  }
  void notify_all() noexcept {
    const detail::scheduling_points around;
    if (!waiters_.nobody_inside()) notify(detail::wait_queue::k_all);
  }

  template <class Lock>
  void wait(Lock& lock) {
    static_cast<void>(wait_once(lock, deadline::never(), nullptr));
  }

  template <class Lock, class Predicate>
  void wait(Lock& lock, Predicate satisfied) {
    while (!satisfied()) wait(lock);
  }

  template <class Lock, class Rep, class Period>
  std::cv_status wait_for(Lock& lock, const std::chrono::duration<Rep, Period>& d) {
    return wait_until(lock, detail::limit(d));
  }

  template <class Lock, class Rep, class Period, class Predicate>
  bool wait_for(Lock& lock, const std::chrono::duration<Rep, Period>& d, Predicate satisfied) {
    return wait_until(lock, detail::limit(d), std::move(satisfied));
  }

  template <class Lock, class Clock, class Duration>
  std::cv_status wait_until(Lock& lock, const std::chrono::time_point<Clock, Duration>& t) {
    // As condition_variable's: a time-out that t's own clock denies is a wait that ended for no reason.
    const std::cv_status status = wait_until(lock, detail::limit(t));
    return status == std::cv_status::timeout && !detail::is_over(t) ? std::cv_status::no_timeout : status;
  }

  template <class Lock, class Clock, class Duration, class Predicate>
  bool wait_until(Lock& lock, const std::chrono::time_point<Clock, Duration>& t, Predicate satisfied) {
    while (!satisfied())
      if (wait_until(lock, t) == std::cv_status::timeout) return satisfied();
    return true;
  }

  template <class Lock>
  std::cv_status wait_until(Lock& lock, deadline until) {
    return wait_once(lock, until, nullptr) == detail::wake_reason::timed_out ? std::cv_status::timeout
                                                                             : std::cv_status::no_timeout;
  }

  template <class Lock, class Predicate>
  bool wait_until(Lock& lock, deadline until, Predicate satisfied) {
    while (!satisfied())
      if (wait_until(lock, until) == std::cv_status::timeout) return satisfied();
    return true;
  }

  template <class Lock, class Predicate>
  bool wait(Lock& lock, std::stop_token stop, Predicate satisfied) {
    return wait_until(lock, std::move(stop), deadline::never(), std::move(satisfied));
  }

  template <class Lock, class Rep, class Period, class Predicate>
  bool wait_for(Lock& lock, std::stop_token stop, const std::chrono::duration<Rep, Period>& d, Predicate satisfied) {
    return wait_until(lock, std::move(stop), detail::limit(d), std::move(satisfied));
  }

  template <class Lock, class Clock, class Duration, class Predicate>
  bool wait_until(Lock& lock, std::stop_token stop, const std::chrono::time_point<Clock, Duration>& t,
                  Predicate satisfied) {
    detail::stop_waker waker(stop);
    while (!stop.stop_requested()) {
      if (satisfied()) return true;
      if (wait_once(lock, detail::limit(t), &waker) == detail::wake_reason::timed_out && detail::is_over(t)) break;
    }
    return satisfied();
  }

  template <class Lock, class Predicate>
  bool wait_until(Lock& lock, std::stop_token stop, deadline until, Predicate satisfied) {
    detail::stop_waker waker(stop);
    while (!stop.stop_requested()) {
      if (satisfied()) return true;
      if (wait_once(lock, until, &waker) == detail::wake_reason::timed_out) break;
    }
    return satisfied();
  }

 private:
  template <class Lock>
  detail::wake_reason wait_once(Lock& lock, deadline until, detail::stop_waker* stop) {
    detail::cancellation_point();
    detail::any_wait mine(waiters_);
    {
      const detail::shield_scope shielded;
      lock.unlock();
    }
    const detail::wake_reason reason = mine.park(until, stop);
    lock_again(lock);
    if (reason == detail::wake_reason::cancelled) detail::throw_cancelled();
    return reason;
  }

  template <class Lock>
  static void lock_again(Lock& lock) noexcept {
    const detail::shield_scope shielded;
    lock.lock();
  }

  void notify(std::uint32_t most) noexcept;

  detail::wait_queue waiters_;
};

}  // namespace weft

#pragma GCC visibility pop
