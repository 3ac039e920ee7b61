#pragma once
// Room: netpoll. Who uses a descriptor: how many, who reads, who writes, and whether it is closed. It owns that, in one
// word; the queues of who waits for a turn are beside it in the block. Next: direction_use.hpp.
//
// Layout, 64 bits: [ users : 56 ][ queued : 2 ][ held : 2 ][ abandoned ][ closed ] and two unused.
//
// "Taking turns". A call enters (one more user), works, and leaves; a direction is held by one user at a time.
//   user                                                holder that leaves
//   Q1 enter: nobody holds and nobody is queued: holds  L1 nobody is queued: no longer held, one user less (one step)
//      else, under the queue lock:                      L2 else, under the queue lock: claim the first that can be won;
//   Q2 try_hold: nobody holds: holds                       it holds from here. Nobody: no longer held, none queued
//      else set queued; join the queue, unlock, park    L3 unlock, unpark, one user less
// "Closing". Calls that enter after C1 are refused. The system's descriptor is closed by its last user, so its number
// is never used again while a call still works with it.
//   C1 close: closed is set, by one caller only, who becomes a user himself
//   C2 he closes the readiness words and, under the queue lock, claims all who are queued: those who queued before C1
//      are found, those who come to Q2 later see closed
//   C3 the last user (users == 1, closed) closes the descriptor, then leaves
// "Abandoning". The handle is gone (its destructor closes first): the block is given back by the last user that leaves,
// or by the abandoner if there is none. Exactly one of them sees "abandoned, and no users".
// Model: tests/model/use_word_model.cpp.

#include <atomic>
#include <cstdint>

namespace weft::net::detail {

enum class direction : std::uint8_t { read = 0, write = 1 };

template <class Env>
class use_word {
 public:
  // A new descriptor moves in.
  void reset() noexcept {
    word_.store(0, std::memory_order_relaxed);  // relaxed: who has the handle, which is made next, sees the block
  }

  enum class entered : std::uint8_t { holding, must_queue, closed };

  // Q1. Unless closed, the caller is a user.
  [[nodiscard]] entered enter(direction d) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    for (;;) {
      if ((seen & k_closed) != 0) return entered::closed;
      const bool is_free = (seen & (held(d) | queued(d))) == 0;
      const std::uint64_t next = (seen + k_user) | (is_free ? held(d) : 0);
      // acquire: sees what the last holder did; pairs with the release of leave.
      if (word_.compare_exchange_weak(seen, next, std::memory_order_acquire, std::memory_order_relaxed))
        return is_free ? entered::holding : entered::must_queue;
    }
  }

  // As a user who holds no direction. False: closed.
  [[nodiscard]] bool enter() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & k_closed) == 0) {
      // relaxed: as in reset; it comes after nobody's turn.
      if (word_.compare_exchange_weak(seen, seen + k_user, std::memory_order_relaxed, std::memory_order_relaxed))
        return true;
    }
    return false;
  }

  // Q2, a user, under the queue lock. must_queue: leave's next holder will look at the queue.
  [[nodiscard]] entered try_hold(direction d) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    for (;;) {
      if ((seen & k_closed) != 0) return entered::closed;
      const bool is_free = (seen & held(d)) == 0;
      // acquire: as in enter.
      if (word_.compare_exchange_weak(seen, seen | (is_free ? held(d) : queued(d)), std::memory_order_acquire,
                                      std::memory_order_relaxed))
        return is_free ? entered::holding : entered::must_queue;
    }
  }

  // What is left to the caller, who is still a user unless it is `nothing`.
  enum class parting : std::uint8_t { nothing, hand_over, close_descriptor };

  // L1, the holder.
  [[nodiscard]] parting leave(direction d) noexcept {
    // acquire, here and on failure: the last user sees what all others did; pairs with the release below.
    std::uint64_t seen = word_.load(std::memory_order_acquire);
    for (;;) {
      if ((seen & queued(d)) != 0) return parting::hand_over;
      if (is_last(seen)) return parting::close_descriptor;
      // release: pairs with enter, and with the acquire of the last user.
      if (word_.compare_exchange_weak(seen, (seen & ~held(d)) - k_user, std::memory_order_release,
                                      std::memory_order_acquire))
        return parting::nothing;
    }
  }

  // L2, nobody could be won: under the queue lock.
  void disown(direction d) noexcept {
    word_.fetch_and(~(held(d) | queued(d)), std::memory_order_release);  // release: pairs with enter and try_hold
  }

  // L3, and any user who holds nothing. Never hand_over.
  [[nodiscard]] parting leave() noexcept {
    // acquire, here and on failure: as in leave(direction).
    std::uint64_t seen = word_.load(std::memory_order_acquire);
    for (;;) {
      if (is_last(seen)) return parting::close_descriptor;
      // release: as in leave(direction).
      if (word_.compare_exchange_weak(seen, seen - k_user, std::memory_order_release, std::memory_order_acquire))
        return parting::nothing;
    }
  }

  // C3, the last user, when the descriptor is closed. True: the block is the caller's to give back.
  [[nodiscard]] bool leave_closed() noexcept {
    // release: if the abandoner gives the block back, it sees that the descriptor was closed; pairs with abandon.
    return (word_.fetch_sub(k_user, std::memory_order_release) & k_abandoned) != 0;
  }

  // C1. False: closed before.
  [[nodiscard]] bool close() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & k_closed) == 0) {
      // seq_cst: before the closer's look for who pauses; pairs with is_closed ("Pausing", shortage.hpp).
      if (word_.compare_exchange_weak(seen, (seen | k_closed) + k_user, std::memory_order_seq_cst,
                                      std::memory_order_relaxed))
        return true;
    }
    return false;
  }

  // After close. True: the block is the caller's to give back.
  [[nodiscard]] bool abandon() noexcept {
    // acquire: pairs with leave_closed. No release: what the abandoner did with the block it did as a user.
    return (word_.fetch_or(k_abandoned, std::memory_order_acquire) >> k_user_shift) == 0;
  }

  [[nodiscard]] bool is_closed() const noexcept {
    // seq_cst: after the pauser has joined the list; pairs with close ("Pausing", shortage.hpp).
    return (word_.load(std::memory_order_seq_cst) & k_closed) != 0;
  }

 private:
  static constexpr std::uint64_t k_closed = 1 << 0;
  static constexpr std::uint64_t k_abandoned = 1 << 1;
  static constexpr unsigned k_user_shift = 8;
  static constexpr std::uint64_t k_user = 1 << k_user_shift;

  static constexpr std::uint64_t held(direction d) noexcept {
    return std::uint64_t{1} << (2 + static_cast<unsigned>(d));
  }
  static constexpr std::uint64_t queued(direction d) noexcept {
    return std::uint64_t{1} << (4 + static_cast<unsigned>(d));
  }
  static constexpr bool is_last(std::uint64_t seen) noexcept {
    return (seen & k_closed) != 0 && (seen >> k_user_shift) == 1;
  }

  // Any thread.
  typename Env::template atomic<std::uint64_t> word_{k_closed | k_abandoned};
};

}  // namespace weft::net::detail
