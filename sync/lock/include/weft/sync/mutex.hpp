#pragma once
// Room: sync. The mutex of fibers and of plain threads, at once. It owns its word and its queue of waiters; how a
// waiter waits belongs to runtime (park.hpp). The slow paths, and the protocol "Locking" in numbered steps:
// mutex.cpp.
// Next: timed_mutex.hpp, recursive_mutex.hpp, shared_mutex.hpp, which are made of it; condition_variable.hpp.

#include <atomic>
#include <cstdint>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/atomic.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/runtime/park.hpp>
#include <weft/sync/detail/mutex_bits.hpp>

#pragma GCC visibility push(default)

namespace weft {

// A std::mutex whose lock() parks the calling fiber, or blocks the calling thread, and whose owner is the fiber: it may
// be held across a parking point and a migration. Constant-initialised, 32 bytes, trivially destructible.
//
//   weft::mutex m;
//   std::scoped_lock lock(m);                        // the standard lock types work on it
//
// lock() is a switch point when it has to wait and never a cancellation point; try_lock() and unlock() are neither.
// (Where all wait for one another, the end of the runtime ends it by weft::cancelled out of lock(), and so does a
// simulation.)
// Fairness: whoever comes while the mutex is free takes it, also ahead of the queue; a waiter that is outrun after 1 ms
// of waiting is handed the mutex by the next unlock(). Waiters are woken in the order in which they came.
// Destruction: whoever has locked it, and knows that nobody else will, may unlock and destroy it at once: an unlock()
// that let it in, still returning on another thread, does not touch it any more.
// Misuse: unlocking a mutex that is free ends the process. In a debug build of the library so does unlocking one that
// another fiber or thread holds, and locking it twice throws std::system_error (resource_deadlock_would_occur).
class mutex : detail::mutex_bits {
 public:
  constexpr mutex() noexcept = default;
  ~mutex() = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  void lock() {
    detail::scheduling_point();
    // acquire: sees what the last holder wrote; pairs with the releases of unlock() and release_queue(). It is one bit
    // to set and to test, and processors do that in less time than they compare and swap.
    if ((word_.fetch_or(k_locked, std::memory_order_acquire) & k_locked) != 0) [[unlikely]]
      lock_slow();
    if (k_tracks_owner) [[unlikely]]
      note_owner();
  }

  [[nodiscard]] bool try_lock() noexcept {
    detail::scheduling_point();
    // relaxed: only a guess for the exchange.
    std::uint32_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & k_locked) == 0) {
      // acquire: as in lock().
      if (word_.compare_exchange_weak(seen, seen | k_locked, std::memory_order_acquire, std::memory_order_relaxed)) {
        if (k_tracks_owner) [[unlikely]]
          note_owner();
        return true;
      }
    }
    return false;
  }

  void unlock() noexcept {
    if (detail::is_anything_simulated()) [[unlikely]]
      return unlock_simulated();
    release();
  }

 protected:
  // For timed_mutex: false if `until` has passed before the mutex was this caller's. `what` is what a dump shows.
  [[nodiscard]] bool lock_until(deadline until, detail::wait_label what);

 private:
  struct waiter;

  // Whether the library was built to check owners: the same for a whole program, whatever its own NDEBUG says.
  static const bool k_tracks_owner;

  void release() noexcept {
    if (k_tracks_owner) [[unlikely]]
      forget_owner();
    std::uint32_t seen = k_locked;
    // release: publishes what was guarded; pairs with the acquires of lock(), try_lock() and enter().
    if (!word_.compare_exchange_strong(seen, 0, std::memory_order_release, std::memory_order_relaxed)) [[unlikely]]
      unlock_slow();
  }

  void lock_slow();
  [[nodiscard]] bool lock_slow(deadline until, detail::wait_label what);
  void unlock_slow() noexcept;
  void unlock_simulated() noexcept;
  [[noreturn]] void give_up_waiting(waiter& self);
  bool spin() noexcept;
  entered enter(std::uint32_t consumed) noexcept;
  detail::wake_reason wait_in_queue(waiter& self, bool outrun) noexcept;
  [[nodiscard]] bool leave_queue(waiter& self) noexcept;
  void come_to_queue() noexcept;
  [[nodiscard]] bool hand_off() noexcept;
  void let_go() noexcept;
  void release_queue(std::uint32_t next) noexcept;
  [[nodiscard]] std::uint32_t waiters_bit() const noexcept { return waiters_.empty() ? 0 : k_has_waiters; }
  void note_owner() noexcept;
  void forget_owner() noexcept;

  // Any thread.
  detail::atomic<std::uint32_t> word_{0};
  // The holder only, when k_tracks_owner; others compare it with themselves.
  std::atomic<const void*> owner_{nullptr};
  // Guarded by k_queue_locked.
  detail::wait_list waiters_;
};

}  // namespace weft

#pragma GCC visibility pop
