#pragma once
// Room: sync. The mutexes that many may hold to read, or one to write. They own the door between the two kinds; among
// themselves writers are ordered by a timed_mutex. The slow paths, and the protocol "Sharing": shared_mutex.cpp.
// Next: once.hpp.

#include <cstdint>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/real_env.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/runtime/detail/thread_safety.hpp>
#include <weft/runtime/detail/wait_limit.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/sync/detail/shared_word.hpp>
#include <weft/sync/timed_mutex.hpp>

#pragma GCC visibility push(default)

namespace weft {

// std::shared_mutex for fibers and plain threads at once, held across parking points and migrations. Constant-
// initialised, 72 bytes, trivially destructible. An uncontended lock_shared() is one compare-and-swap, an uncontended
// lock() two, and so are their unlocks.
//
//   weft::shared_mutex m;
//   std::shared_lock reading(m);      std::unique_lock writing(m);
//
// lock() and lock_shared() are switch points when they wait (the fiber parks, or the thread blocks), never cancellation
// points; the try_ forms, unlock() and unlock_shared() are neither. (Where all wait for one
// another, the end of the runtime ends it by weft::cancelled, and so does a simulation.)
// Fairness, as in Go: neither kind starves the other. A writer that comes closes the door: who comes later to read
// waits. Once those who read have left it has the mutex; its unlock() hands the mutex to every reader that waits by
// then, before the next writer, which has to wait for them. So a reader waits for one writer, and a writer for those
// ahead of it and the readers that each of them let in. Writers among themselves are a weft::mutex: whoever comes while
// no writer is in or waits goes first, after 1 ms of being outrun the mutex is handed over. try_lock_shared() fails
// while a writer waits; try_lock() while anybody holds the mutex.
// Destruction: whoever has locked it to write, and knows that nobody else will lock it, may unlock and destroy it at
// once. Not a reader: another reader's unlock_shared() may still be under way.
// Misuse: whoever holds it must not lock it again in either way (std forbids it, too): lock() by who reads deadlocks,
// as does lock_shared() by the writer, or by who reads if a writer comes in between. Unlocking what nobody holds in
// that way ends the process; in a debug build of the library so does unlock() by one that does not hold it, and lock()
// by the writer throws std::system_error (resource_deadlock_would_occur).
class shared_mutex {
 public:
  constexpr shared_mutex() noexcept = default;
  ~shared_mutex() = default;
  shared_mutex(const shared_mutex&) = delete;
  shared_mutex& operator=(const shared_mutex&) = delete;

  void lock() { static_cast<void>(lock_until(deadline::never())); }

  [[nodiscard]] bool try_lock() noexcept {
    if (!writers_.try_lock()) return false;
    if (word_.try_close()) return true;
    writers_.unlock();
    return false;
  }

  void unlock() noexcept {
    detail::scheduling_point();
    if (!word_.try_open()) [[unlikely]]
      open_to_waiting();
    writers_.unlock();
  }

  void lock_shared() {
    detail::scheduling_point();
    if (!word_.try_enter()) [[unlikely]]
      static_cast<void>(enter_until(deadline::never()));
  }

  [[nodiscard]] bool try_lock_shared() noexcept {
    detail::scheduling_point();
    return word_.try_enter();
  }

  void unlock_shared() noexcept {
    if (detail::is_anything_simulated()) [[unlikely]]
      return unlock_shared_simulated();
    leave();
  }

 protected:
  // False if `until` has passed before the mutex was the caller's.
  [[nodiscard]] bool lock_until(deadline until) {
    if (!writers_.try_lock() && !writers_.try_lock_until(until, k_label)) return false;
    return word_.try_close() || close_until(until);
  }
  [[nodiscard]] bool lock_shared_until(deadline until) {
    detail::scheduling_point();
    return word_.try_enter() || enter_until(until);
  }

 private:
  using word = detail::shared_word<detail::real_env>;
  static constexpr detail::wait_label k_label = "shared mutex";

  void leave() noexcept {
    if (word_.try_leave() != word::left::done) [[unlikely]]
      leave_slow();
  }

  [[nodiscard]] bool close_until(deadline until);
  [[nodiscard]] bool await_empty(deadline until);
  [[nodiscard]] bool is_empty_or_opened() noexcept;
  [[noreturn]] void give_up_writing(bool is_in);
  [[noreturn]] void give_up_reading(bool is_in);
  void open_to_waiting() noexcept;
  [[nodiscard]] std::uint32_t claim_readers(detail::won_chain& won) noexcept WEFT_REQUIRES(lock_);
  [[nodiscard]] bool enter_until(deadline until);
  [[nodiscard]] bool leave_door(detail::wait_node& node) noexcept;
  void leave_slow() noexcept;
  void unlock_shared_simulated() noexcept;

  // Held by the writer that is in, or waits for the readers to leave.
  timed_mutex writers_;
  word word_;
  // Guards the rest.
  detail::internal_lock lock_;
  detail::wait_list readers_ WEFT_GUARDED_BY(lock_);  // in front of the door
  detail::wait_token closer_ WEFT_GUARDED_BY(lock_);  // the writer that waits for the readers to leave
};

// The same with limits to the waits, as timed_mutex.hpp says. The try_lock_ forms are no cancellation points either. A
// writer whose time runs out opens the door again.
class shared_timed_mutex : shared_mutex {
 public:
  constexpr shared_timed_mutex() noexcept = default;
  ~shared_timed_mutex() = default;
  shared_timed_mutex(const shared_timed_mutex&) = delete;
  shared_timed_mutex& operator=(const shared_timed_mutex&) = delete;

  using shared_mutex::lock;
  using shared_mutex::lock_shared;
  using shared_mutex::try_lock;
  using shared_mutex::try_lock_shared;
  using shared_mutex::unlock;
  using shared_mutex::unlock_shared;

  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& d) {
    return lock_until(detail::limit(d));
  }
  template <class Clock, class Duration>
  [[nodiscard]] bool try_lock_until(const std::chrono::time_point<Clock, Duration>& t) {
    return detail::wait_by(t, [this](deadline until) { return lock_until(until); });
  }
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_shared_for(const std::chrono::duration<Rep, Period>& d) {
    return lock_shared_until(detail::limit(d));
  }
  template <class Clock, class Duration>
  [[nodiscard]] bool try_lock_shared_until(const std::chrono::time_point<Clock, Duration>& t) {
    return detail::wait_by(t, [this](deadline until) { return lock_shared_until(until); });
  }
};

}  // namespace weft

#pragma GCC visibility pop
