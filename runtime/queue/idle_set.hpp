#pragma once
// Room: runtime. Which workers sleep, and how many look for work: the handshake that loses no wake-up and wakes no
// more workers than help. It owns a bit for each sleeping worker and the count of searching ones; how a worker sleeps
// (its parker, or the poller), and what there is to look through, it leaves to worker.hpp.
//
// "Sleeping": a worker that has run out.             "Waking": whoever has published work, on any thread.
//   S1 transition_to_searching: searching + 1          W1 publish the work (push, inject, arm a timer)
//   S2 look through every queue; found:                W2 fence
//      transition_from_searching(true), and if it      W3 somebody searches? Done: S2 to S6 of that one come after W1
//      says so, W2 to W7                               W4 nobody sleeps? Done: whoever falls asleep does S6 after W1
//   S3 transition_from_searching(false):               W5 searching 0 -> 1, in the sleeper's name; lost? Done, as W3
//      searching - 1                                   W6 take the lowest bit; wake its worker, which goes on at S2
//   S4 announce_sleep: set the bit                     W7 the bits are gone: searching - 1, fence, from W3 again
//   S5 fence
//   S6 look through every queue and timer; found:
//      retract_sleep, from S1 (without a limit)
//   S7 sleep; woken by a waker: go on at S2
//      woken otherwise: retract_sleep, from S1
// W2 and S5 are the two halves: either the waker's W3 and W4 see the searcher leave (S3) and the bit (S4), or S6 sees
// the work. Three steps look superfluous and are not:
// - S2, "wakes one more": two wakers may have relied on one searcher, which takes one of the two items.
// - S6 goes by S1, for the same reason: a worker that takes what its second look found must pass S2.
// - W7, "again": while this waker's count stood at 1, another one may have relied on it at W3, and the sleeper whose
//   bit it would have found may have come after our look for bits, before its W1. The fence of W7 comes after the
//   other's W2.
// And a rule for those who never sleep: work that is moved from one queue to another is for a moment in neither, and
// S6 may miss it. Who moves it counts as searching (S2), or does W2 to W7 after.
// The two fences order all of it, and the work itself is handed over by the queues; the bits hand over who sleeps.
//
// Rejected: one packed word of both counts beside a locked list of sleepers: a lock on each wake. Only the last
// searcher doing S6, as in Go: the others cost nothing by it, as they are going to sleep.
// Model: tests/model/idle_set_model.cpp. Next: poll_turn.hpp.

#include <atomic>
#include <bit>
#include <cstdint>

namespace weft::detail {

template <class Env, unsigned MaxWorkers = 256>
class idle_set {
 public:
  static constexpr unsigned k_no_limit = MaxWorkers;

  // Of the workers 0 to `workers` - 1.
  explicit idle_set(unsigned workers = MaxWorkers) noexcept : words_((workers + 63) / 64) {}
  idle_set(const idle_set&) = delete;
  idle_set& operator=(const idle_set&) = delete;

  // --- The worker `index` itself.

  // S1. False: `limit` others search already, and this worker goes on at S4. The limit is a heuristic, and may be
  // passed by as many as come at once.
  [[nodiscard]] bool transition_to_searching(unsigned limit) noexcept {
    // relaxed: a heuristic.
    if (limit < k_no_limit && searching_.load(std::memory_order_relaxed) >= limit) return false;
    searching_.fetch_add(1, std::memory_order_relaxed);  // relaxed: a waker that sees it relies on S3 to S6
    return true;
  }

  // End of S2, or S3. True if this was the last searcher: if it found work, the caller must wake one more by
  // pick_to_wake().
  [[nodiscard]] bool transition_from_searching([[maybe_unused]] bool found) noexcept {
    // relaxed: ordered by the fence that follows in announce_sleep (S5) or pick_to_wake (W2); pairs with W3.
    return searching_.fetch_sub(1, std::memory_order_relaxed) == 1;
  }

  // S4, S5. The caller looks through every queue and timer afterwards, before it sleeps.
  void announce_sleep(unsigned index) noexcept {
    // release: who sits in this seat; pairs with take. Otherwise ordered by the fence; pairs with W4, W6.
    word(index).fetch_or(mask(index), std::memory_order_release);
    Env::fence();  // the bit and searching_ before the second look: pairs with the fences of pick_to_wake
  }

  // Out of the set, without having been picked. True: the worker does not count as searching. False: a waker was
  // first. The worker then counts as searching, and a wake-up comes, or has come, that it waits for or that ends its
  // next sleep early.
  [[nodiscard]] bool retract_sleep(unsigned index) noexcept { return take(index); }

  // --- Wakers, on any thread. The worker that is returned must be woken, and counts as searching from before.

  // W2 to W7, after the work is published. The worker to wake, or -1 if it takes no wake-up. The worker counts as
  // searching.
  [[nodiscard]] int pick_to_wake() noexcept {
    for (;;) {
      Env::fence();  // the work, or the undoing below, before the loads: pairs with the fence of announce_sleep
      std::uint32_t none = 0;
      if (searching_.load(std::memory_order_relaxed) != 0 || !any_sleeps()) return -1;  // relaxed: after the fence
      // relaxed: who sees the 1 relies on the worker picked here, or on the undoing below.
      if (!searching_.compare_exchange_strong(none, 1, std::memory_order_relaxed, std::memory_order_relaxed)) return -1;
      if (const int index = take_lowest(); index >= 0) return index;
      searching_.fetch_sub(1, std::memory_order_relaxed);  // relaxed: before the fence above; pairs with W3 of others
    }
  }

  // For a wake-up that is needed however many search: the end of the runtime, an earlier deadline, the poller given
  // back. -1: nobody sleeps.
  [[nodiscard]] int pick_any_to_wake() noexcept {
    for (;;) {
      Env::fence();  // what was published, or the undoing below, before the bits: pairs with announce_sleep's
      if (!any_sleeps()) return -1;
      searching_.fetch_add(1, std::memory_order_relaxed);  // relaxed: as the CAS in pick_to_wake
      if (const int index = take_lowest(); index >= 0) return index;
      searching_.fetch_sub(1, std::memory_order_relaxed);  // relaxed: before the fence above; pairs with W3 of others
    }
  }

  // --- Anybody, hints.

  [[nodiscard]] unsigned sleeping_hint() const noexcept {
    unsigned count = 0;
    for (unsigned i = 0; i != words_; ++i)  // relaxed: a hint
      count += static_cast<unsigned>(std::popcount(sleeping_[i].load(std::memory_order_relaxed)));
    return count;
  }
  [[nodiscard]] unsigned searching_hint() const noexcept {
    return searching_.load(std::memory_order_relaxed);  // relaxed: a hint
  }

 private:
  static constexpr unsigned k_words = (MaxWorkers + 63) / 64;
  using atomic_word = typename Env::template atomic<std::uint64_t>;

  static constexpr std::uint64_t mask(unsigned index) noexcept { return std::uint64_t{1} << (index % 64); }
  atomic_word& word(unsigned index) noexcept { return sleeping_[index / 64]; }

  bool any_sleeps() const noexcept {
    for (unsigned i = 0; i != words_; ++i)
      if (sleeping_[i].load(std::memory_order_relaxed) != 0) return true;  // relaxed: after the caller's fence
    return false;
  }

  bool is_asleep(unsigned index) noexcept {
    return (word(index).load(std::memory_order_relaxed) & mask(index)) != 0;  // relaxed: after the caller's fence
  }

  // True for exactly one of all who try to end this sleep.
  bool take(unsigned index) noexcept {
    if (!is_asleep(index)) return false;
    // acquire: who sits in this seat; pairs with announce_sleep.
    return (word(index).fetch_and(~mask(index), std::memory_order_acquire) & mask(index)) != 0;
  }

  int take_lowest() noexcept {
    for (unsigned i = 0; i != words_; ++i) {
      // relaxed: after the caller's fence; an old value makes take fail, and is read anew.
      while (const std::uint64_t bits = sleeping_[i].load(std::memory_order_relaxed)) {
        const unsigned index = i * 64 + static_cast<unsigned>(std::countr_zero(bits));
        if (take(index)) return static_cast<int>(index);
      }
    }
    return -1;
  }

  const unsigned words_;
  // Any thread. A cache line each: every waker reads searching_, only those that find it 0 read the bits.
  alignas(64) typename Env::template atomic<std::uint32_t> searching_{0};
  alignas(64) atomic_word sleeping_[k_words] = {};
};

}  // namespace weft::detail
