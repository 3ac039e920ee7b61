#pragma once
// Room: sync. The word of a semaphore: how permits lie there, are taken and put back, and how it says that somebody
// waits. It owns the orders; the queue is semaphore.cpp's.
//
// "Permits", both sides. The word is the number of permits, or k_queued: none, and somebody may wait.
//   acquirer                                          releaser of n
//   P1 permits > 0: take one, without the lock        R1 not queued: add n, without the lock: done
//   P2 otherwise lock; permits > 0: take one,         R2 otherwise lock; not queued any more: as R1
//      unlock, return                                 R3 claim up to n waiters: each has its permit with that
//   P3 0 -> queued                                    R4 the queue is empty: queued -> the permits left over
//   P4 enqueue, unlock, park                          R5 unlock, unpark
//   P5 handed: the permit is there
//      timed out, cancelled: leave ("Leaving",
//      wait_queue.hpp)
// - k_queued is set (P3) and cleared (R4) under the lock alone. So nobody adds to a count beside waiters (R1 fails),
// and
//   nobody who comes while somebody waits takes anything (P1 fails): strict order of arrival.
// - A claim in R3 that is lost (to a deadline, to cancellation) gives nothing: the permit goes to the next, or to R4.
// - P5 leaves k_queued as it is, perhaps with nobody behind it: the next release comes to R4 and clears it. Until then
//   there is no permit, so P1 is right to fail, and P3 finds it set.
// - The last access of a releaser is the exchange of R1 or the unlock of R5. Whoever got a permit by P1 from R4 may be
//   ahead of that unlock, and the destructor therefore passes through the lock.
// Model: tests/model/semaphore_model.cpp.

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weft::detail {

template <class Env>
struct semaphore_word {
  using word = typename Env::template atomic<std::ptrdiff_t>;
  static constexpr std::ptrdiff_t k_queued = -1;

  enum class [[nodiscard]] put : std::uint8_t{done, queued, beyond_max};
  enum class [[nodiscard]] got : std::uint8_t{permit, place_in_queue};

  // P1.
  [[nodiscard]] static bool try_take(word& at) noexcept {
    // relaxed: only a guess for the exchange.
    std::ptrdiff_t seen = at.load(std::memory_order_relaxed);
    while (seen > 0) {
      // acquire: sees what came before the release of this permit; pairs with try_put() and put_rest().
      if (at.compare_exchange_weak(seen, seen - 1, std::memory_order_acquire, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  // P2, P3. Under the lock.
  static got take_or_queue(word& at) noexcept {
    // relaxed: only a guess for the exchange.
    std::ptrdiff_t seen = at.load(std::memory_order_relaxed);
    while (seen != k_queued) {
      const std::ptrdiff_t next = seen > 0 ? seen - 1 : k_queued;
      // acquire: as in try_take().
      if (at.compare_exchange_weak(seen, next, std::memory_order_acquire, std::memory_order_relaxed))
        return seen > 0 ? got::permit : got::place_in_queue;
    }
    return got::place_in_queue;
  }

  // R1, R2.
  static put try_put(word& at, std::ptrdiff_t n, std::ptrdiff_t max) noexcept {
    // relaxed: only a guess for the exchange.
    std::ptrdiff_t seen = at.load(std::memory_order_relaxed);
    while (seen != k_queued) {
      if (n > max - seen) return put::beyond_max;
      // release: publishes what came before; pairs with try_take() and take_or_queue(). An exchange, as every change of
      // this word: whoever takes a permit sees what came before all that are there.
      if (at.compare_exchange_weak(seen, seen + n, std::memory_order_release, std::memory_order_relaxed))
        return put::done;
    }
    return n > max ? put::beyond_max : put::queued;
  }

  // R4. Under the lock, the word being k_queued.
  static void put_rest(word& at, std::ptrdiff_t n) noexcept {
    // release: as in try_put().
    (void)at.exchange(n, std::memory_order_release);
  }
};

}  // namespace weft::detail
