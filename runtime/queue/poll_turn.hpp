#pragma once
// Room: runtime. The turn at the poller: who may be inside it, or asleep with the earliest deadline where there is no
// poller, and until when. It owns the turn and the time; timers, the poller and how to wake it belong to others.
//
// "Earliest deadline".
//   sleeper, which has the turn                        armer, any thread
//   E1 publish_until(the earliest deadline it knows)   A1 insert the timer
//   E2 fence                                           A2 fence
//   E3 look through every timer, stuck workers' too:   A3 must_wake(its deadline): earlier than poll_until?
//      one is earlier? From E1 with that one              wake the sleeper (poller::wake, or its parker)
//   E4 sleep
// E2 and A2 are the two halves: either E3 sees the timer or A3 sees the time. While nobody has published, A3 says no:
// whoever takes the turn next does E3 after A1. Waking a sleeper that is awake already costs one sleep that ends at
// once.
//
// "Handing over": somebody looks after timers and readiness whenever all sleep.
//   sleeper                                            leaver
//   H1 idle_set.announce_sleep (it ends with a fence)  L1 release; a worker that leaves runs on, and comes to H2 itself
//   H2 try_take; true: E1 to E4, then release             before it sleeps. The netpoller thread does not, so:
//      false: sleep without a deadline                 L2 fence (release_for_others)
//                                                      L3 all workers sleep? idle_set.pick_any_to_wake: it does H2
// H2 may fail only while somebody has the turn, and whoever has it comes to H2 again or to L3: so the last one that
// falls asleep gets it. The fences of H1 and L2 are the two halves: either H2 finds the turn free or L3 sees the bit.
// While one worker runs, the others may all sleep without a deadline, and that one's fiber may compute for long: the
// monitor sees it and wakes a sleeper.
// Rejected: handing the turn over at each release (a wake-up for each event of a server that one worker serves).
// Model: tests/model/poll_turn_model.cpp. Next: worker.hpp, which takes the turn.

#include <atomic>
#include <cstdint>
#include <limits>

namespace weft::detail {

template <class Env>
class poll_turn {
 public:
  poll_turn() noexcept = default;
  poll_turn(const poll_turn&) = delete;
  poll_turn& operator=(const poll_turn&) = delete;

  // H2. True: the caller has the turn until it calls release().
  [[nodiscard]] bool try_take() noexcept {
    if (taken_.load(std::memory_order_relaxed)) return false;  // relaxed: the exchange decides; ordered by H1's fence
    // acquire: the last holder is out of the poller, its poll_until_ withdrawn; pairs with release.
    return !taken_.exchange(true, std::memory_order_acquire);
  }

  // L1. The holder. Withdraws what was published: nobody sleeps.
  void release() noexcept {
    poll_until_.store(k_nobody_sleeps, std::memory_order_relaxed);  // relaxed: A3 may as well see the old one
    taken_.store(false, std::memory_order_release);  // release: all that was done with the turn; pairs with try_take
  }

  // L1, L2. The same for a holder that is no worker: it looks afterwards whether all workers sleep.
  void release_for_others() noexcept {
    release();
    Env::fence();  // the turn is free before the look for sleepers: pairs with the fence of idle_set::announce_sleep
  }

  // E1, E2. The holder, before it sleeps until `deadline` (nanoseconds of weft::deadline). It looks through every timer
  // afterwards, and does not sleep if one is earlier.
  void publish_until(std::int64_t deadline) noexcept {
    poll_until_.store(deadline, std::memory_order_relaxed);  // relaxed: ordered by the fence
    Env::fence();  // poll_until_ before the look through the timers: pairs with the fence of must_wake
  }

  // A2, A3. Any thread that has inserted a timer: true if somebody sleeps who would sleep too long.
  [[nodiscard]] bool must_wake(std::int64_t deadline) noexcept {
    Env::fence();  // the timer before poll_until_: pairs with the fence of publish_until
    return deadline < poll_until_.load(std::memory_order_relaxed);  // relaxed: ordered by the fence
  }

  // Anybody, a hint: somebody has the turn.
  [[nodiscard]] bool taken_hint() const noexcept { return taken_.load(std::memory_order_relaxed); }  // relaxed: a hint

 private:
  static constexpr std::int64_t k_nobody_sleeps = std::numeric_limits<std::int64_t>::min();

  // Any thread. Apart from what busy workers write: armers read poll_until_ for each timer.
  alignas(64) typename Env::template atomic<std::int64_t> poll_until_{k_nobody_sleeps};  // Written by the holder.
  typename Env::template atomic<bool> taken_{false};
};

}  // namespace weft::detail
