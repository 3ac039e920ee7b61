#pragma once
// Room: runtime. The netpoller thread: it sees to it that progress never depends on a worker. While any worker runs it
// ticks (50 us backing off to 10 ms) and does what busy workers have left undone; when all of them sleep it sleeps too.
// At a tick:
//   1 nobody is in the poller and no worker has looked for a tick: look, without waiting
//   2 a timer is due whose owner is asleep, out, or behind one fiber for a tick: expire it
//   3 a fiber has waited in the next slot for a tick, behind one that the worker still runs: move it to inject. After
//     as long as in 5, if no worker sleeps that could steal but some get on, half of the ring, too
//   4 fibers wait in rings or in inject while workers sleep: wake one
//   5 fibers have waited for 2 ms, and no worker has changed turn meanwhile: count out one that has computed, seat a
//     spare (seating.hpp). One that has not got the processor, or is blocked in the kernel, for nothing tells the one
//     from the other: after 8 ms; but for one that has said so, which is after 2 (detail/brief_call.hpp, "Brief calls")
//   6 each 10 ms: as many seats are filled as the governor says (governor.hpp)
//   7 stacks have lain idle for a second: the memory of some is given back (idle_stacks.hpp)
//
// "Going to sleep"                                 "Coming back", a worker that leaves the idle set
//   M1 asleep = 1                                    B1 retract_sleep (or was picked by a waker)
//   M2 fence                                         B2 fence
//   M3 some worker runs? asleep = 0, tick on         B3 asleep == 1? wake the monitor
//   M4 sleep while asleep == 1
// It still wakes once a second for 7, until nothing is left to give back: some twenty seconds at most.
// It does so only after k_quiet_ticks in which all workers slept, so that a server under light load does not pay a
// system call for each request.
// Next: monitor.cpp.

#include <atomic>
#include <cstdint>
#include <vector>

#include <weft/runtime/detail/real_env.hpp>
#include <weft/runtime/poller.hpp>

#include "governor.hpp"
#include "relaxed.hpp"

namespace weft::detail {

class scheduler;
class worker;
struct fiber_block;

class monitor {
 public:
  explicit monitor(scheduler& home);  // throws std::bad_alloc

  void run() noexcept;

  // --- Any thread.
  // B2, B3.
  void note_worker_runs() noexcept;
  void wake() noexcept;  // for the end, or a dump; good in signal handlers
  relaxed<int> thread_id{0};

 private:
  void tick() noexcept;
  void note_turns() noexcept;
  [[nodiscard]] unsigned stuck() const noexcept;
  [[nodiscard]] bool is_held_up(unsigned seat, std::int64_t at_ns) const noexcept;
  bool look() noexcept;
  bool expire_due() noexcept;
  bool relieve_who_waits_behind_one() noexcept;
  bool wake_for_waiting() noexcept;
  bool fill_in() noexcept;
  static void note_held_up(worker& w) noexcept;
  void govern() noexcept;
  void fill_seats(unsigned count) noexcept;
  [[nodiscard]] std::uint64_t turns_done() const noexcept;
  void relieve_who_went_out() noexcept;
  [[nodiscard]] std::int64_t longest_delay() const noexcept;
  void retry_starving() noexcept;
  void sleep_while_all_sleep() noexcept;
  void nap() noexcept;
  [[nodiscard]] bool all_sleep() const noexcept;

  scheduler& home_;

  // The monitor's own.
  std::int64_t delay_ns_ = 0;
  unsigned quiet_ticks_ = 0;
  struct seat_seen {
    std::uint64_t turn = 0;
    bool is_stuck = false;      // it runs a fiber, and is in the same turn as a tick ago
    std::int64_t since_ns = 0;  // ... when that was first seen
    std::int64_t ran_ns = 0;    // ... and how long its thread had run by then
  };
  std::vector<seat_seen> seen_;     // one for each seat
  std::int64_t stalled_since_ = 0;  // fibers have waited, and all seats been stuck
  bool somebody_went_out_ = false;  // to be looked after once more
  unsigned next_out_ = 0;           // the seat to be counted out next
  governor governor_;
  deadline retry_at_ = deadline::from_nanoseconds(0);
  std::int64_t retry_delay_ns_ = 0;
  ready_batch batch_;

  // Any thread: 1 while it sleeps for want of running workers.
  std::atomic<std::uint32_t> asleep_{0};
  std::atomic<std::uint32_t> alarm_{0};  // a futex word for naps: bumped by wake()
};

}  // namespace weft::detail
