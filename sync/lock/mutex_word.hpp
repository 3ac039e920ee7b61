#pragma once
// Room: sync. The mutex's word away from the fast paths: who gets the mutex or comes to its queue, and how both are let
// go. It owns the orders of the slow steps; the fast paths are mutex.hpp's, the queue, and "Locking" in numbered steps,
// mutex.cpp's. The Env also brings the spin and the sleep on the word.
// Model: tests/model/mutex_model.cpp.

#include <atomic>
#include <cstdint>

#include <weft/sync/detail/mutex_bits.hpp>

namespace weft::detail {

template <class Env>
struct mutex_word : mutex_bits {
  using word = typename Env::template atomic<std::uint32_t>;

  // L2 and L3, and U3 for an unlocker, which holds the mutex and so always comes to the queue. `consumed`: k_woken if
  // the caller is the woken one.
  static entered enter(word& at, std::uint32_t consumed) noexcept {
    std::uint32_t seen = at.load(std::memory_order_relaxed);
    for (int spins = 0;;) {
      if ((seen & k_locked) == 0) {
        // acquire: sees what the last holder wrote; pairs with the releases of unlock(), let_go_to_woken() and
        // release_queue().
        if (at.compare_exchange_weak(seen, (seen | k_locked) & ~consumed, std::memory_order_acquire,
                                     std::memory_order_relaxed))
          return entered::mutex;
      } else if ((seen & k_queue_locked) == 0) {
        // acquire: sees the queue; pairs with release_queue().
        if (at.compare_exchange_weak(seen, seen | k_queue_locked, std::memory_order_acquire, std::memory_order_relaxed))
          return entered::queue;
      } else if (spins < Env::k_queue_spins) {
        ++spins;
        Env::spin_pause();
        // relaxed, to the end: only a guess; the exchanges above acquire.
        seen = at.load(std::memory_order_relaxed);
      } else if ((seen & k_queue_contended) != 0 ||
                 at.compare_exchange_weak(seen, seen | k_queue_contended, std::memory_order_relaxed,
                                          std::memory_order_relaxed)) {
        Env::futex_wait(at, seen | k_queue_contended);
        // relaxed: as above.
        seen = at.load(std::memory_order_relaxed);
      }
    }
  }

  // L5, U5, U6: the caller's last access to the mutex.
  static void release_queue(word& at, std::uint32_t next) noexcept {
    // release: publishes the queue, and what was guarded if locked goes with it; pairs with the acquires of enter() and
    // lock().
    const std::uint32_t before = at.exchange(next, std::memory_order_release);
    // All of them: one that is woken may take the mutex instead of the queue, and would then owe the others a wake.
    if ((before & k_queue_contended) != 0) Env::futex_wake_all(at);
  }

  // L5: the caller is in the queue. One that was woken to try (`was_woken`) is not on its way any more, another is.
  static void leave_queued(word& at, bool was_woken) noexcept {
    release_queue(at, k_locked | k_has_waiters | (was_woken ? 0 : woken_bit(at)));
  }

  // U2. False: the unlocker has to come to the queue.
  [[nodiscard]] static bool let_go_to_woken(word& at) noexcept {
    // relaxed: only a guess for the exchange.
    std::uint32_t seen = at.load(std::memory_order_relaxed);
    while ((seen & (k_woken | k_queue_locked)) == k_woken) {
      // release: as in unlock(). No waiter in the queue is overdue while a woken one is on its way (L4, U5).
      if (at.compare_exchange_weak(seen, seen & ~k_locked, std::memory_order_release, std::memory_order_relaxed))
        return true;
    }
    return false;
  }

  // Whether a woken waiter is on its way; by whoever is at the queue.
  [[nodiscard]] static std::uint32_t woken_bit(const word& at) noexcept {
    // relaxed: woken can change only by whoever is at the queue, or by a taker, while locked is clear.
    return at.load(std::memory_order_relaxed) & k_woken;
  }
};

}  // namespace weft::detail
