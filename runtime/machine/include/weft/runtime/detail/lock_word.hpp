#pragma once
// Room: runtime. The word inside internal_lock, and the protocol by which it is unlocked without a locked instruction
// for as long as nobody contends.
//
// "Unlocking cheaply". A lock is free, held, or contended (held, and somebody may sleep on it). Its address also says a
// *bucket*, one word of a table that lives as long as the process, shared by all locks that hash to it: how many
// threads are on their way to sleep, asleep, or just up again on any of those locks; and whether it is *settled*.
//   unlocker                                       sleeper, after some spinning
//   U1 bucket != 0: exchange(free); it was         S1 bucket + 1; it was settled: to S4
//      contended: wake one. Done                   S2 heavy fence
//   U2 bucket = 0: store free                      S3 settled
//   U3 light fence                                 S4 exchange(contended); it was free: mine, to S6
//   U4 bucket != 0 by now: wake one                S5 sleep while it is contended, then to S4
//                                                  S6 bucket - 1
// - A bucket that is not 0 makes it the plain three-state lock: whoever slept takes the lock as contended, so that its
//   unlock wakes the next.
// - The store of U2 may fall on a `contended` and wipe it out. S2 settles that: an unlocker whose U4 saw 0 before S2
//   has stored before it too, and S4 meets what it stored; one whose U4 comes after S2 sees the bucket and wakes.
// - After its store U2 to U4 touch the bucket alone, and to wake an address is harmless though the lock be gone. So an
//   object may be destroyed by whoever passed through its lock last.
// - A heavy fence interrupts other processors. So a bucket stays settled, unlockers paying for their exchanges, until
//   many in a row have found nobody counted in; then one of them puts back 0 (Q, by CAS: a sleeper that counts itself
//   in comes before it, and Q fails, or after it, and finds 0 and does S2 itself).
// - A bucket is born *permanent*, which is settled without a heavy fence ever; the kernel's consent takes that away. A
//   sleeper that found it so was counted in before: nobody who sees the bit gone overlooks it.
// Model: tests/model/lock_word_model.cpp. Next: internal_lock.hpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <atomic>
#include <cstdint>

#pragma GCC visibility push(default)

namespace weft::detail {

template <class Env>
struct alignas(64) lock_bucket {
  static constexpr std::uint32_t k_permanent = 1;
  static constexpr std::uint32_t k_settled = 2;
  static constexpr std::uint32_t k_one = 4;  // a sleeper

  typename Env::template atomic<std::uint32_t> state{k_permanent};
  typename Env::template atomic<std::uint32_t> quiet{0};  // unlocks in a row that found nobody counted in; a heuristic
};

template <class Env>
class lock_word {
 public:
  using bucket = lock_bucket<Env>;

  constexpr lock_word() noexcept = default;

  [[nodiscard]] bool try_lock() noexcept {
    std::uint32_t expected = k_free;
    // acquire: pairs with the releases of unlock() and unlock_settled().
    return word_.compare_exchange_strong(expected, k_held, std::memory_order_acquire, std::memory_order_relaxed);
  }

  // After try_lock() has failed.
  void lock_contended(bucket& at) noexcept {
    for (int pauses = Env::k_first_pause; pauses <= Env::k_longest_pause; pauses *= 2) {
      for (int i = 0; i < pauses; ++i) Env::spin_pause();
      // relaxed: a hint; try_lock() acquires.
      if (word_.load(std::memory_order_relaxed) == k_free && try_lock()) return;
    }
    settle(at);
    // S4, S5. acquire: pairs with the releases of unlock() and unlock_settled().
    while (word_.exchange(k_contended, std::memory_order_acquire) != k_free) Env::wait_while(word_, k_contended);
    at.state.fetch_sub(bucket::k_one, std::memory_order_release);  // S6. release: pairs with forget_contention()
  }

  void unlock(bucket& at) noexcept {
    // relaxed: U1, a guess; U4 makes up for an old one.
    if (at.state.load(std::memory_order_relaxed) != 0) [[unlikely]]
      return unlock_settled(at);
    // release: publishes what was guarded; pairs with the acquires of try_lock() and lock_contended().
    word_.store(k_free, std::memory_order_release);
    Env::light_fence();  // free before the look at the bucket: pairs with the heavy fence of settle()
    // relaxed: after the fence.
    if (at.state.load(std::memory_order_relaxed) != 0) [[unlikely]]
      Env::wake_one(word_);
  }

  // The kernel has consented to heavy fences.
  static void allow_cheap_unlocks(bucket& at) noexcept {
    // acq_rel: after the consent; pairs with settle().
    at.state.fetch_and(~bucket::k_permanent, std::memory_order_acq_rel);
  }

 private:
  static constexpr std::uint32_t k_free = 0;
  static constexpr std::uint32_t k_held = 1;       // nobody sleeps on the word
  static constexpr std::uint32_t k_contended = 2;  // somebody may

  // S1 to S3.
  static void settle(bucket& at) noexcept {
    // acquire: of a settled bucket, the heavy fence that settled it; pairs with the release below and with
    // allow_cheap_unlocks().
    const std::uint32_t before = at.state.fetch_add(bucket::k_one, std::memory_order_acq_rel);
    at.quiet.store(0, std::memory_order_relaxed);  // relaxed: a heuristic
    if ((before & (bucket::k_permanent | bucket::k_settled)) != 0) return;
    Env::heavy_fence();  // the count before S4: pairs with the light fence of unlock()
    // release: the fence; pairs with the acquire above.
    at.state.fetch_or(bucket::k_settled, std::memory_order_release);
  }

  // U1.
  [[gnu::noinline]] void unlock_settled(bucket& at) noexcept {
    // release: as in unlock().
    if (word_.exchange(k_free, std::memory_order_release) == k_contended) Env::wake_one(word_);
    forget_contention(at);
  }

  // Q. Touches the bucket alone.
  static void forget_contention(bucket& at) noexcept {
    std::uint32_t seen = at.state.load(std::memory_order_relaxed);  // relaxed: the CAS decides
    if (seen != bucket::k_settled) return;
    // relaxed: a heuristic; two who count at once count one.
    const std::uint32_t quiet = at.quiet.load(std::memory_order_relaxed) + 1;
    at.quiet.store(quiet, std::memory_order_relaxed);  // relaxed: as above
    if (quiet < Env::k_quiet_unlocks) return;
    // acq_rel: after the sleepers that have left (pairs with S6), before those to come (pairs with settle()).
    at.state.compare_exchange_strong(seen, 0, std::memory_order_acq_rel, std::memory_order_relaxed);
  }

  typename Env::template atomic<std::uint32_t> word_{k_free};
};

}  // namespace weft::detail

#pragma GCC visibility pop
