#pragma once
// Room: sync. The word of a semaphore: how permits lie there, are taken and put back, and how it says that somebody
// waits. It owns the orders; the queue is semaphore.cpp's.
//
// "Permits", both sides. The word is the number of permits; or less than 0: somebody may wait, and -1 - word permits
// lie there for the one in front, who needs more.
//   acquirer of n                                     releaser of n
//   P1 n permits: take them, without the lock         R1 nobody waits: add n, without the lock: done
//   P2 otherwise lock; n permits: take them,          R2 otherwise lock; nobody waits any more: as R1
//      unlock, return                                 R3 n more lie there. While there are as many as the one in
//   P3 nobody waits: say that somebody does; what        front needs: claim it: it has them with that
//      lies there stays there                         R4 say how many are left, and whether anybody waits
//   P4 enqueue, unlock, park                          R5 unlock, unpark
//   P5 handed: all n are there
//      timed out, cancelled: lock; leave ("Leaving",
//      wait_queue.hpp); R3 to R5 for those behind
// - That somebody waits is said (P3) and taken back (R4) under the lock alone. So nobody adds to a count beside waiters
//   (R1 fails), and nobody who comes while somebody waits takes anything (P1 fails): strict order of arrival. Who needs
//   many is not passed by those who need few, and holds nothing before it has all: two such cannot wait for each other.
// - A claim in R3 that is lost (to a deadline, to cancellation) gives nothing: the permits go to the next, or to R4.
// - One in front who needs more than lies there, and whose wait has ended otherwise, stops R3 until P5, which goes on.
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

  enum class [[nodiscard]] put : std::uint8_t{done, queued, beyond_max};
  enum class [[nodiscard]] got : std::uint8_t{permits, place_in_queue};

  // P1. n > 0.
  [[nodiscard]] static bool try_take(word& at, std::ptrdiff_t n) noexcept {
    // relaxed: only a guess for the exchange.
    std::ptrdiff_t seen = at.load(std::memory_order_relaxed);
    while (seen >= n) {
      // acquire: sees what came before the release of these permits; pairs with try_put() and put_rest().
      if (at.compare_exchange_weak(seen, seen - n, std::memory_order_acquire, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  // P2, P3. Under the lock.
  static got take_or_queue(word& at, std::ptrdiff_t n) noexcept {
    // relaxed: only a guess for the exchange.
    std::ptrdiff_t seen = at.load(std::memory_order_relaxed);
    while (!is_queued(seen)) {
      const std::ptrdiff_t next = seen >= n ? seen - n : queued_beside(seen);
      // acquire: as in try_take(); of what stays there the lock passes it on.
      if (at.compare_exchange_weak(seen, next, std::memory_order_acquire, std::memory_order_relaxed))
        return seen >= n ? got::permits : got::place_in_queue;
    }
    return got::place_in_queue;
  }

  // R1, R2.
  static put try_put(word& at, std::ptrdiff_t n, std::ptrdiff_t max) noexcept {
    // relaxed: only a guess for the exchange.
    std::ptrdiff_t seen = at.load(std::memory_order_relaxed);
    while (!is_queued(seen)) {
      if (n > max - seen) return put::beyond_max;
      // release: publishes what came before; pairs with try_take() and take_or_queue(). An exchange, as every change of
      // this word: whoever takes a permit sees what came before all that are there.
      if (at.compare_exchange_weak(seen, seen + n, std::memory_order_release, std::memory_order_relaxed))
        return put::done;
    }
    return n > max ? put::beyond_max : put::queued;
  }

  // R3. Under the lock: how many lie there beside those who wait; less than 0: nobody does.
  [[nodiscard]] static std::ptrdiff_t lying(const word& at) noexcept {
    // relaxed: while somebody waits it changes under the lock alone.
    return queued_beside(at.load(std::memory_order_relaxed));
  }

  // R4. Under the lock, somebody having waited.
  static void put_rest(word& at, std::ptrdiff_t n, bool is_anyone_left) noexcept {
    // release: as in try_put().
    (void)at.exchange(is_anyone_left ? queued_beside(n) : n, std::memory_order_release);
  }

 private:
  static constexpr bool is_queued(std::ptrdiff_t seen) noexcept { return seen < 0; }
  // Its own inverse.
  static constexpr std::ptrdiff_t queued_beside(std::ptrdiff_t n) noexcept { return -1 - n; }
};

}  // namespace weft::detail
