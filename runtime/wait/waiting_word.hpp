#pragma once
// Room: runtime. The word that decides every wait (park.hpp tells the protocol from outside). It owns who wins a wait
// and who makes the waiter ready again; it knows neither fibers nor threads, queues nor timers.
//
// Layout, 64 bits: [ generation : 48 ][ reason : 8 ][ flags : 4 ][ state : 4 ].
//
// "Waiting", both sides, on one word:
//   waiter                                            claimant
//   W1 arm: generation + 1, state = armed             K1 claim: armed -> claimed, or parked -> won      (one CAS)
//   W2 (enqueue, unlock, leave the stack)             K2 touch the waiter's frame
//   W3 publish, from the next stack:                  K3 unpark: after K1 from parked: make ready
//      armed   -> parked    sleep; a claimant comes              after K1 from armed:
//      claimed -> won       sleep; its unpark comes                 claimed  -> unparked   W3 makes ready
//      unparked             make ready at once                      won      -> make ready
//   W4 resumed: read the reason; state = running
// Whoever comes second of "left the stack" (W3) and "unparked" (K3) makes the waiter ready: exactly one of them does.
// The inspector (dump): parked -> parked + inspected holds the waiter still. A claim takes it as it is, and the unpark
// that finds the flag is left to the inspector, whose release then makes the waiter ready.
// "Cancelling": C1 set the request; C2 load the word, claim if it is armed or parked, and cancellable. The waiter's
// half is W3: publish, then load the request. Both are seq_cst, so one of the two sees the other.
// A limited wait is one that the waiter has told itself to look at once more before it leaves (cancel_scope.cpp).
// Model: tests/model/waiting_word_model.cpp. Next: waiter.hpp.

#include <atomic>
#include <cstdint>

#include <weft/runtime/park.hpp>

namespace weft::detail {

enum class wait_state : std::uint8_t {
  running,   // the waiter's own; nobody may claim
  armed,     // the waiter still runs, on its way to park; any claimant may win
  claimed,   // won before the waiter left its stack; the claimant owes an unpark
  unparked,  // ... and has paid it before the waiter left its stack
  parked,    // off its stack; any claimant may win
  won,       // off its stack and won; the claimant's from here until its unpark
};

// What unpark or publish leaves to its caller.
enum class [[nodiscard]] must : std::uint8_t{do_nothing, make_ready};

template <class Env>
class waiting_word {
 public:
  // --- The waiter itself.

  // W1. Returns the new wait's generation. `limited`: for the waiter alone, to be reminded of by needs_a_look.
  std::uint64_t arm(bool cancellable, bool endable = false, bool limited = false) noexcept {
    // relaxed: only the waiter changes a word in state running, and all its earlier claimants are done with it.
    const std::uint64_t generation = generation_of(word_.load(std::memory_order_relaxed)) + 1;
    const std::uint64_t flags =
        (cancellable ? k_cancellable : 0) | (endable ? k_endable : 0) | (limited ? k_limited : 0);
    // release: what the waiter wrote before is there for the claimant; pairs with the acquire of claim.
    word_.store(pack(generation, 0, flags, wait_state::armed), std::memory_order_release);
    return generation;
  }

  // True: the wait is over unclaimed. False: a claimant was first, and the waiter must park to meet its unpark.
  bool disarm(std::uint64_t generation) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    if (state_of(seen) != wait_state::armed) return false;
    // acq_rel on success: nothing is handed over, but a later claimant must see the wait ended; pairs with claim.
    return word_.compare_exchange_strong(seen, pack(generation, 0, 0, wait_state::running), std::memory_order_acq_rel,
                                         std::memory_order_relaxed);
  }

  // Before leaving the stack: true if is_unparked, or if the wait is limited and nobody has claimed it yet.
  bool needs_a_look() const noexcept {
    // acquire: as in is_unparked.
    return (word_.load(std::memory_order_acquire) & (k_state_mask | k_limited)) >=
           static_cast<std::uint64_t>(wait_state::unparked);
  }

  // Before leaving the stack: true if the unpark has come already, and the waiter need not leave at all.
  bool is_unparked() const noexcept {
    // acquire: sees what the claimant wrote; pairs with the release of unpark.
    return state_of(word_.load(std::memory_order_acquire)) == wait_state::unparked;
  }

  // W3, by whoever runs next on the thread; the waiter's registers are saved.
  must publish() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    for (;;) {
      const wait_state state = state_of(seen);
      if (state == wait_state::unparked) return must::make_ready;
      const wait_state next = state == wait_state::armed ? wait_state::parked : wait_state::won;
      // seq_cst: releases the saved registers to the claimant (pairs with claim and unpark), and orders this before the
      // load of the cancel request ("Cancelling", pairs with C1 and C2).
      if (word_.compare_exchange_weak(seen, with_state(seen, next), std::memory_order_seq_cst,
                                      std::memory_order_relaxed))
        return must::do_nothing;
    }
  }

  // W4. The reason that the winner gave; the wait is over.
  wake_reason finish() noexcept {
    // acquire: sees what the winner wrote into the frame; pairs with the release of claim and unpark.
    const std::uint64_t seen = word_.load(std::memory_order_acquire);
    // relaxed: nobody claims a word in state won or unparked; the next arm releases.
    word_.store(pack(generation_of(seen), 0, 0, wait_state::running), std::memory_order_relaxed);
    return static_cast<wake_reason>((seen >> k_reason_shift) & 0xff);
  }

  // --- Claimants.

  enum class outcome : std::uint8_t { lost, won_running, won_parked };

  // K1. Who got the token by a lock or an acquire sees at least its arm here; by a relaxed read it may lose a wait that
  // nobody has claimed.
  outcome claim(std::uint64_t generation, wake_reason reason) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
    return claim_if(seen, generation, reason);
  }

  // C2: claims whatever wait is under way, if it may be cancelled and `is_meant` still says so after the word was read.
  // A claim that wins proves that the wait spanned both looks: so the block has not gone to another fiber in between.
  template <class IsMeant>
  outcome cancel(IsMeant is_meant) noexcept {
    // seq_cst: after C1's store of the request; pairs with publish (W3).
    const std::uint64_t seen = word_.load(std::memory_order_seq_cst);
    if ((seen & k_cancellable) == 0 || !is_meant()) return outcome::lost;
    return claim_if(seen, generation_of(seen), wake_reason::cancelled);
  }

  // C2 for who may not claim yet: the generation of the wait under way, if it may be cancelled; else 0, and the waiter
  // sees the request when it next publishes. A claim of that generation may come at any time after.
  std::uint64_t cancellable_wait() const noexcept {
    // seq_cst: after C1's store of the request; pairs with publish (W3).
    const std::uint64_t seen = word_.load(std::memory_order_seq_cst);
    const wait_state state = state_of(seen);
    const bool is_open = state == wait_state::armed || state == wait_state::parked;
    return is_open && (seen & k_cancellable) != 0 ? generation_of(seen) : 0;
  }

  // K3, once for each claim that won. `was_parked` is what the claim said.
  must unpark(bool was_parked) noexcept {
    // acquire: an inspector that let go since the claim is done with the stack; pairs with release_inspected. Only
    // publish and the inspector can change the word meanwhile.
    std::uint64_t seen = word_.load(std::memory_order_acquire);
    if (was_parked && (seen & k_inspected) == 0) return must::make_ready;
    for (;;) {
      const wait_state state = state_of(seen);
      if (state == wait_state::won && (seen & k_inspected) == 0) return must::make_ready;
      // release: publishes the frame to publish (W3), is_unparked or the inspector's release. acquire on failure: sees
      // the registers that publish released, or that the inspector is done with the stack.
      if (word_.compare_exchange_weak(seen, with_state(seen, wait_state::unparked), std::memory_order_acq_rel,
                                      std::memory_order_acquire))
        return must::do_nothing;
    }
  }

  // --- The inspector.

  // True: the waiter is parked and stays so until release_inspected.
  bool inspect() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    if (state_of(seen) != wait_state::parked || (seen & k_inspected) != 0) return false;
    // acquire: sees the parked stack; pairs with publish.
    return word_.compare_exchange_strong(seen, seen | k_inspected, std::memory_order_acquire,
                                         std::memory_order_relaxed);
  }

  must release_inspected() noexcept {
    // acq_rel: releases nothing but the stack to whoever resumes it; acquires what an unpark left here meanwhile.
    const std::uint64_t seen = word_.fetch_and(~k_inspected, std::memory_order_acq_rel);
    return state_of(seen) == wait_state::unparked ? must::make_ready : must::do_nothing;
  }

  // --- Anybody: which wait is under way, if its waiter is parked and nobody has won it; generation 0 if not.

  struct sleep {
    std::uint64_t generation = 0;
    bool cancellable = false;
    bool endable = false;  // by whoever knows that nothing else will
  };
  sleep asleep() const noexcept {
    // acquire: all that the waiter did before it parked; pairs with publish.
    const std::uint64_t seen = word_.load(std::memory_order_acquire);
    if (state_of(seen) != wait_state::parked) return {};
    return {generation_of(seen), (seen & k_cancellable) != 0, (seen & k_endable) != 0};
  }

  // --- Anybody, a hint.
  wait_state state() const noexcept { return state_of(word_.load(std::memory_order_relaxed)); }

 private:
  static constexpr std::uint64_t k_state_mask = 0xf;
  static constexpr std::uint64_t k_cancellable = 1 << 4;
  static constexpr std::uint64_t k_inspected = 1 << 5;
  static constexpr std::uint64_t k_endable = 1 << 6;
  static constexpr std::uint64_t k_limited = 1 << 7;
  static constexpr unsigned k_reason_shift = 8;
  static constexpr unsigned k_generation_shift = 16;

  static constexpr wait_state state_of(std::uint64_t w) noexcept { return static_cast<wait_state>(w & k_state_mask); }
  static constexpr std::uint64_t generation_of(std::uint64_t w) noexcept { return w >> k_generation_shift; }
  static constexpr std::uint64_t with_state(std::uint64_t w, wait_state s) noexcept {
    return (w & ~k_state_mask) | static_cast<std::uint64_t>(s);
  }
  static constexpr std::uint64_t pack(std::uint64_t generation, std::uint64_t reason, std::uint64_t flags,
                                      wait_state s) noexcept {
    return (generation << k_generation_shift) | (reason << k_reason_shift) | flags | static_cast<std::uint64_t>(s);
  }

  outcome claim_if(std::uint64_t seen, std::uint64_t generation, wake_reason reason) noexcept {
    for (;;) {
      const wait_state state = state_of(seen);
      if (generation_of(seen) != generation) return outcome::lost;
      if (state != wait_state::armed && state != wait_state::parked) return outcome::lost;
      const wait_state next = state == wait_state::armed ? wait_state::claimed : wait_state::won;
      const std::uint64_t desired = pack(generation, static_cast<std::uint64_t>(reason), seen & k_inspected, next);
      // acq_rel: acquires the waiter's frame (pairs with arm and publish), releases what the waker did before to the
      // waiter (pairs with finish); the seq_cst of publish and cancel orders the rest.
      if (word_.compare_exchange_weak(seen, desired, std::memory_order_acq_rel, std::memory_order_relaxed))
        return state == wait_state::armed ? outcome::won_running : outcome::won_parked;
    }
  }

  typename Env::template atomic<std::uint64_t> word_{0};
};

}  // namespace weft::detail
