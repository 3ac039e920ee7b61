#pragma once
// Room: sync. The word of a shared_mutex: how many read, whether the door is closed to new readers, whether any wait in
// front of it. Who waits, and the protocol "Sharing" in numbered steps: shared_mutex.cpp.
// Model: tests/model/shared_word_model.cpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <atomic>
#include <cstdint>

#pragma GCC visibility push(default)

namespace weft::detail {

template <class Env>
class shared_word {
 public:
  constexpr shared_word() noexcept = default;

  // R1. False: the door is closed.
  [[nodiscard]] bool try_enter() noexcept {
    // relaxed: only a guess for the exchange.
    std::uint32_t seen = bits_.load(std::memory_order_relaxed);
    while ((seen & k_closed) == 0) {
      // acquire: sees what the last writer wrote; pairs with the releases of try_open() and open().
      if (bits_.compare_exchange_weak(seen, seen + k_reader, std::memory_order_acquire, std::memory_order_relaxed))
        return true;
    }
    return false;
  }

  enum class [[nodiscard]] left : std::uint8_t{
      done,    // not the last, or nobody waits for the last
      last,    // the last, and a writer waits
      retry,   // the door was opened meanwhile; still a reader
      nobody,  // nobody reads
  };

  // S1. last: still a reader, on to try_leave_last().
  left try_leave() noexcept {
    // relaxed: only a guess for the exchange.
    std::uint32_t seen = bits_.load(std::memory_order_relaxed);
    for (;;) {
      if (seen < k_reader) return left::nobody;
      if (seen < 2 * k_reader && (seen & k_closed) != 0) return left::last;
      // release: the reading is over; pairs with the acquires of try_close(), close() and
      // try_leave_last().
      if (bits_.compare_exchange_weak(seen, seen - k_reader, std::memory_order_release, std::memory_order_relaxed))
        return left::done;
    }
  }

  // W2, by whoever holds the writers' mutex. False: somebody reads.
  [[nodiscard]] bool try_close() noexcept {
    std::uint32_t seen = 0;
    // acquire: the reading of all before is over; pairs with the release of try_leave().
    return bits_.compare_exchange_strong(seen, k_closed, std::memory_order_acquire, std::memory_order_relaxed);
  }

  // X1, by the writer. False: readers wait in front of the door, on to open().
  [[nodiscard]] bool try_open() noexcept {
    std::uint32_t seen = k_closed;
    // release: publishes what was guarded; pairs with the acquires of try_enter() and try_close().
    return bits_.compare_exchange_strong(seen, 0, std::memory_order_release, std::memory_order_relaxed);
  }

  // For diagnoses.
  [[nodiscard]] bool is_closed() const noexcept {
    return (bits_.load(std::memory_order_relaxed) & k_closed) != 0;  // relaxed: a diagnosis
  }

  // --- Under the lock of the queue.

  // W3, by whoever holds the writers' mutex. True: nobody reads any more.
  [[nodiscard]] bool close() noexcept {
    // acquire: as in try_close().
    return bits_.fetch_or(k_closed, std::memory_order_acquire) < k_reader;
  }

  // W5, by the writer that closed the door. True: the last reader has left.
  [[nodiscard]] bool is_empty() const noexcept {
    // relaxed: the last one left under the lock (try_leave_last()), having seen all others leave.
    return bits_.load(std::memory_order_relaxed) < k_reader;
  }

  // R2. False: the door is open by now.
  [[nodiscard]] bool note_waiting() noexcept {
    // relaxed: only a guess for the exchange.
    std::uint32_t seen = bits_.load(std::memory_order_relaxed);
    while ((seen & k_closed) != 0) {
      // relaxed: who waits is guarded by the lock; the writer that meets the bit in X1 takes it.
      if (bits_.compare_exchange_weak(seen, seen | k_waiting, std::memory_order_relaxed, std::memory_order_relaxed))
        return true;
    }
    return false;
  }

  // R3: nobody waits in front of the door any more.
  void note_none_waiting() noexcept {
    // relaxed: as in note_waiting().
    bits_.fetch_and(~k_waiting, std::memory_order_relaxed);
  }

  // S2. last: the caller has left, and wakes the writer.
  left try_leave_last() noexcept {
    // relaxed: only a guess for the exchange.
    std::uint32_t seen = bits_.load(std::memory_order_relaxed);
    while ((seen & k_closed) != 0) {
      // acquire: the reading of all others is over; pairs with the release of try_leave(). The lock, or the unpark of
      // the writer, passes it on.
      if (bits_.compare_exchange_weak(seen, seen - k_reader, std::memory_order_acquire, std::memory_order_relaxed))
        return seen < 2 * k_reader ? left::last : left::done;
    }
    return left::retry;
  }

  // X2, W5: opens the door and lets `readers` in who waited.
  void open(std::uint32_t readers) noexcept {
    // relaxed: closed and waiting change only under the lock, or by the caller.
    const std::uint32_t shut = bits_.load(std::memory_order_relaxed) & (k_closed | k_waiting);
    // release: publishes what was guarded; pairs with the acquire of try_enter(), and by unpark for those let in.
    bits_.fetch_add(readers * k_reader - shut, std::memory_order_release);
  }

 private:
  static constexpr std::uint32_t k_closed = 1;   // a writer is in, or waits for the readers to leave
  static constexpr std::uint32_t k_waiting = 2;  // readers wait in front of the door; only ever together with k_closed
  static constexpr std::uint32_t k_reader = 4;   // one that reads; there is no room in memory for 2^30

  typename Env::template atomic<std::uint32_t> bits_{0};
};

}  // namespace weft::detail

#pragma GCC visibility pop
