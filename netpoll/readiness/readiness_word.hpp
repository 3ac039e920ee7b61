#pragma once
// Room: netpoll. One direction (reading or writing) of one descriptor: is it worth trying, who waits until it is, and
// until when. It owns that and nothing else: it knows neither system calls nor fibers, and is run as it stands by the
// model checker (tests/model/readiness_word_model.cpp). Next: direction_use.hpp, which waits by it.
//
// Layout of the word, 64 bits: [ sequence : 48 ][ flags : 16 ]. The sequence changes with every event and every wait.
//
// "Readiness", both sides. A direction has one user at a time (use_word.hpp); takers are the poller, close, and whoever
// moves the deadline.
//   user                                                 taker
//   U1 seen = prepare()                                  T1 look: load the word
//   U2 ready: make the system call                       T2 if somebody waits: read whom
//   U3 it would block, or has drained the queue:         T3 compare-and-swap what T1 saw for the event:
//      clear(seen), which fails if an event came             ready with a new sequence, or closing, or the same
//      since U1; then U1 again                               word again (the deadline moved); no longer waiting.
//   U4 not ready: write down whom to wake,                   If the word has changed, T1 again
//      begin_wait (fails if ready or closing)            T4 claim whom T2 read, and unpark
//   U5 load the deadline, park until it
//   U6 end_wait, then U1 again
// - An event is never lost: it comes before U1 (the call sees it), between U1 and U3 (clear fails), between U3 and U4
//   (begin_wait fails) or after U4 (T4 wakes).
// - T2 is never torn: a T3 that succeeds proves that no wait ended or began since T1, for both change the word, and the
//   release of T3, which U6 acquires, keeps T2 before whatever the user writes down next. So the taker needs no lock,
//   and the user never waits for a taker. A taker's claim that comes too late finds a stale token and fails.
// - A moved deadline is never missed, without a fence: T3 and U4 are both read-modify-writes of the word. If U4 came
//   later it acquires the deadline that was stored before T3; if it came first T3 finds the waiter and wakes it to look
//   again.
// - A stale event (for an earlier user of a reused block) costs one call that would block, and nothing else.

#include <atomic>
#include <cstdint>
#include <limits>

namespace weft::net::detail {

// Whom to wake, as two integers: a wait_token in the real room, anything in the model.
struct waiter_id {
  std::uint64_t who = 0;  // 0: nobody
  std::uint64_t generation = 0;
};

template <class Env>
class readiness_word {
 public:
  using word = std::uint64_t;

  static constexpr std::int64_t k_no_deadline = std::numeric_limits<std::int64_t>::max();

  // A new descriptor moves in; nobody uses the word. The sequence goes on, so that what an earlier user saw never
  // matches.
  void reset(bool ready) noexcept {
    const word seen = word_.load(std::memory_order_relaxed);
    deadline_.store(k_no_deadline, std::memory_order_relaxed);
    // release: publishes the deadline; pairs with the acquires of prepare and begin_wait.
    word_.store((next_sequence(seen) & k_sequence_mask) | (ready ? k_ready : 0), std::memory_order_release);
  }

  // --- The user of the direction.

  // U1.
  [[nodiscard]] word prepare() const noexcept {
    // acquire: sees what came before the event; pairs with the release of take (T3).
    return word_.load(std::memory_order_acquire);
  }

  [[nodiscard]] static constexpr bool is_ready(word seen) noexcept { return (seen & k_ready) != 0; }
  [[nodiscard]] static constexpr bool is_closing(word seen) noexcept { return (seen & k_closing) != 0; }

  // A hang-up, an error or an urgent byte was seen: from then on a short read does not prove that the queue is empty.
  [[nodiscard]] static constexpr bool is_doubtful(word seen) noexcept { return (seen & k_doubtful) != 0; }

  // U3. False: something came since `seen`; try again.
  bool clear(word seen) noexcept {
    // relaxed: the flag hands nothing over, and what failed the exchange is looked at again by prepare (U1).
    return word_.compare_exchange_strong(seen, seen & ~k_ready, std::memory_order_relaxed, std::memory_order_relaxed);
  }

  enum class begun : std::uint8_t { waiting, ready, closing };

  // U4. Anything but waiting: the wait did not begin, and nobody has seen `id`.
  [[nodiscard]] begun begin_wait(waiter_id id) noexcept {
    // relaxed: published by the exchange below, and kept behind the last take by end_wait (U6).
    who_.store(id.who, std::memory_order_relaxed);
    generation_.store(id.generation, std::memory_order_relaxed);
    // acquire: if closing or ready, sees what came before; pairs with the release of take (T3).
    word seen = word_.load(std::memory_order_acquire);
    for (;;) {
      if (is_closing(seen)) return begun::closing;
      if (is_ready(seen)) return begun::ready;
      // acq_rel: releases the id to take (T1), acquires a deadline that was moved before (T3 of move_deadline).
      if (word_.compare_exchange_weak(seen, next_sequence(seen) | k_waiting, std::memory_order_acq_rel,
                                      std::memory_order_acquire))
        return begun::waiting;
    }
  }

  // U5, nanoseconds of the steady clock; k_no_deadline if none.
  [[nodiscard]] std::int64_t deadline() const noexcept {
    // relaxed: ordered by begin_wait against move_deadline; at other times any recent value will do.
    return deadline_.load(std::memory_order_relaxed);
  }

  // U6, whoever ended the wait.
  void end_wait() noexcept {
    // acquire, here and below: keeps the reads of every successful take (T2) before the user's next begin_wait; pairs
    // with the release of take (T3).
    if ((word_.load(std::memory_order_acquire) & k_waiting) == 0) return;
    word_.fetch_and(~k_waiting, std::memory_order_acquire);
  }

  // --- Takers, any thread. The one returned (who != 0) was waiting, and is the caller's to claim.

  // An event came. `doubtful`: see is_doubtful.
  [[nodiscard]] waiter_id set_ready(bool doubtful) noexcept {
    return take([doubtful](word seen) { return next_sequence(seen) | k_ready | (doubtful ? k_doubtful : 0); });
  }

  // For good, until reset.
  [[nodiscard]] waiter_id close() noexcept {
    return take([](word seen) { return seen | k_closing; });
  }

  // Waits in progress, and those to come, end at `nanoseconds`.
  [[nodiscard]] waiter_id move_deadline(std::int64_t nanoseconds) noexcept {
    // relaxed: published by the exchange in take (T3), which pairs with begin_wait (U4).
    deadline_.store(nanoseconds, std::memory_order_relaxed);
    return take([](word seen) { return seen; });
  }

 private:
  static constexpr word k_ready = 1 << 0;     // the next system call may succeed
  static constexpr word k_waiting = 1 << 1;   // who_ and generation_ name somebody who waits
  static constexpr word k_closing = 1 << 2;   // no more waits
  static constexpr word k_doubtful = 1 << 3;  // see is_doubtful
  static constexpr unsigned k_sequence_shift = 16;

  // Flags stay, the sequence is new; it wraps after 2^48 events, which no stalled thread outlasts.
  static constexpr word next_sequence(word seen) noexcept { return seen + (word{1} << k_sequence_shift); }
  static constexpr word k_sequence_mask = ~((word{1} << k_sequence_shift) - 1);

  // T1 to T3.
  template <class Next>
  waiter_id take(Next next) noexcept {
    // acquire, here and on failure: sees the id of the wait that the word tells of; pairs with begin_wait (U4).
    word seen = word_.load(std::memory_order_acquire);
    for (;;) {
      waiter_id id;
      if ((seen & k_waiting) != 0) {
        // relaxed: between the acquire of T1 and the release of T3.
        id.who = who_.load(std::memory_order_relaxed);
        id.generation = generation_.load(std::memory_order_relaxed);
      }
      // acq_rel: releases what came before the event, and the reads of T2 to end_wait (U6).
      if (word_.compare_exchange_weak(seen, next(seen) & ~k_waiting, std::memory_order_acq_rel,
                                      std::memory_order_acquire))
        return id;
    }
  }

  // Any thread.
  typename Env::template atomic<word> word_{k_ready};
  typename Env::template atomic<std::int64_t> deadline_{k_no_deadline};
  // Written by the user between waits, read by takers; valid while the word says waiting.
  typename Env::template atomic<std::uint64_t> who_{0};
  typename Env::template atomic<std::uint64_t> generation_{0};
};

}  // namespace weft::net::detail
