#pragma once
// Room: runtime. What the workers of one runtime share, and its beginning and end. It decides nothing about order: that
// is worker.hpp's. README.md here tells the protocols.
//
// "The end", rules for stop():
//   1 stopping is set: new fibers are born cancelled, spawns from outside refused, every cancellation point throws
//   2 every cancellable wait of its fibers is claimed, once; who parks later sees the flag
//     ("Cancelling", waiting_word.hpp)
//   3 wait until as many fibers have finished as were spawned; end what nobody else will ("Stuck at the end",
//     stuck_watch.hpp); name on stderr, each 5 s, who delays it; give up when options.end_limit is over
//   4 shut is set, workers and monitor are woken and joined
//   5 wait until no waker from outside is inside (their count is taken while their fiber, and so the runtime, lives)
//   6 the memory of idle stacks goes back to the system, if no other runtime lives (idle_stacks.hpp)
// Who ends it may stand on one of its fibers, or in the function of a blocking call of one (the program calls exit
// there, and the runtime is static). That fiber cannot end first: 3 waits for all others, and the runtime is left as it
// is.

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include <weft/runtime/detail/clock_source.hpp>
#include <weft/runtime/options.hpp>
#include <weft/runtime/poller.hpp>

#include "forks.hpp"
#include "idle_set.hpp"
#include "inject_queue.hpp"
#include "monitor.hpp"
#include "poll_turn.hpp"
#include "seating.hpp"
#include "thread_signals.hpp"
#include "worker.hpp"

namespace weft::detail {

// What ends a runtime that has no threads: the simulation whose it is (simulation.hpp).
class simulated_end {
 public:
  // Cancels and runs all that are left.
  virtual void unwind_all() noexcept = 0;

 protected:
  ~simulated_end() = default;
};

// Runtimes with threads that are not shut yet, in the process.
[[nodiscard]] std::size_t living_runtimes() noexcept;

class scheduler {
 public:
  // Starts workers and monitor; `settled` has no zeros left. Throws what std::thread throws. With a simulation no
  // thread is started: the one worker is the calling thread's, and the simulation's to run.
  scheduler(const options& settled, clock_source* clock, simulated_end* simulated = nullptr);
  ~scheduler();
  scheduler(const scheduler&) = delete;
  scheduler& operator=(const scheduler&) = delete;

  // Once or more. False: it was called on one of its own fibers, or for one: all others have ended, and neither the
  // threads nor this object may ever go.
  bool stop();
  // The calling thread runs one of our fibers, or the function of a blocking call of one.
  [[nodiscard]] bool is_inside() const noexcept;
  // In a child of fork(): it is the parent's, and nothing here but its memory (forks.hpp).
  [[nodiscard]] bool is_of_parent() const noexcept { return forks_behind_ != forks_behind(); }

  // --- Any thread.
  // A fiber of this runtime that became ready on a thread which is not one of its workers.
  void make_ready_from_outside(fiber_block* fiber) noexcept;
  // The worker of a pinned fiber, by whoever makes it ready.
  [[nodiscard]] worker& pinned_home_of(const fiber_block& fiber) const noexcept;
  // After work was published: wakes one sleeper, unless somebody searches already.
  void wake_one_if_helpful() noexcept;
  void wake_for(deadline timer) noexcept;
  [[nodiscard]] bool is_stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }
  // seq_cst: "Cancelling" (waiting_word.hpp), pairs with stop().
  [[nodiscard]] bool is_stopping_after_publish() const noexcept { return stopping_.load(std::memory_order_seq_cst); }
  [[nodiscard]] bool is_shut() const noexcept { return shut_.load(std::memory_order_acquire); }  // pairs with stop()
  void note_finished() noexcept;
  void note_worker_runs() noexcept { monitor_.note_worker_runs(); }
  // An injected clock was moved.
  void look_again() noexcept;
  // Counts a fiber that none of our workers spawns. False: the runtime has ended.
  [[nodiscard]] bool admit_spawn_from_outside() noexcept;
  // One that was counted, here or by a worker, and never began.
  void take_back_spawn() noexcept;

  [[nodiscard]] deadline now() const noexcept;
  // Of the thread that made the runtime; whatever runs its users' code takes and blocks the same.
  [[nodiscard]] const signal_mask& makers_signals() const noexcept { return makers_signals_; }
  [[nodiscard]] bool clock_is_real() const noexcept { return clock_ == nullptr; }
  [[nodiscard]] bool is_simulated() const noexcept { return simulated_ != nullptr; }
  // Of its fibers, between two yields: the first operation spends a simulated one's, and so is a scheduling point.
  [[nodiscard]] std::uint32_t operation_budget() const noexcept {
    return is_simulated() ? 1 : fiber_block::k_operation_budget;
  }
  [[nodiscard]] deadline earliest_timer() const noexcept;
  [[nodiscard]] bool work_in_sight() const noexcept;
  [[nodiscard]] poller* installed_poller() const noexcept {
    return poller_.load(std::memory_order_acquire);  // pairs with the release of install()
  }
  poller& install(std::unique_ptr<poller> (*make)());

  [[nodiscard]] const options& settings() const noexcept { return settings_; }
  [[nodiscard]] stack_pool& default_stacks() const noexcept { return default_stacks_; }
  [[nodiscard]] std::uint64_t live_fibers() const noexcept;
  [[nodiscard]] std::size_t armed_timers() const noexcept;
  [[nodiscard]] const class monitor& watch() const noexcept { return monitor_; }
  [[nodiscard]] class monitor& watch() noexcept { return monitor_; }

  // Shared by workers and monitor.
  seating seats;
  inject_queue inject;
  inject_queue starving;  // fibers whose first turn found no stack (worker::prepare)
  idle_set<real_env> idle;
  poll_turn<real_env> turn;
  relaxed<int> turn_holder{-1};  // whom to wake for an earlier deadline; a seat

 private:
  void cancel_all() noexcept;
  void wait_until_quiet(std::uint64_t left_over);
  [[noreturn]] void give_up() const;
  void shut_down() noexcept;

  const options settings_;
  const std::uint32_t forks_behind_ = forks_behind();
  clock_source* const clock_;
  simulated_end* const simulated_;
  stack_pool& default_stacks_;

  std::atomic<bool> stopping_{false};
  std::atomic<bool> shut_{false};
  std::atomic<std::uint32_t> quiet_{0};  // a futex word: bumped by each fiber that finishes while stopping
  std::atomic<std::uint64_t> spawned_outside_{0};
  std::atomic<std::uint32_t> wakers_outside_{0};

  internal_lock install_lock_;
  std::unique_ptr<poller> owned_poller_ WEFT_GUARDED_BY(install_lock_);
  std::atomic<poller*> poller_{nullptr};

  monitor monitor_;
  const signal_mask makers_signals_ = signal_mask::of_caller();
  std::thread monitor_thread_;
};

}  // namespace weft::detail
