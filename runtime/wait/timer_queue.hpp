#pragma once
// Room: runtime. The deadlines of one worker: a pairing heap whose nodes stand in the control blocks of the waiters, so
// that arming allocates nothing. The owner arms; whoever runs the waiter next cancels; any worker or the monitor may
// expire what is due, so a hog cannot hold timers back. Arm O(1); cancel O(1) for a node without children, which a
// deadline that does not come nearly always is; expire O(log n) amortised.
// It claims waits; making the waiter ready is left to the caller. Next: waiter.hpp.

#include <atomic>
#include <cstdint>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/internal_lock.hpp>

namespace weft::detail {

class timer_queue;
struct waiter;

// One per control block: a wait has one deadline, and a waiter one wait.
struct timer_node {
  // Guarded by the lock of the queue that holds it.
  std::int64_t due_at = 0;
  std::uint64_t armed_for = 0;  // the generation of the wait
  timer_node* child = nullptr;
  timer_node* sibling = nullptr;
  timer_node* previous = this;  // the elder sibling, or the parent of the eldest; null for the root; itself: not armed
  // The waiter's own.
  timer_queue* armed_in = nullptr;
};

class timer_queue {
 public:
  // By the waiter itself. `node` is not queued anywhere.
  void arm(timer_node& node, deadline until, std::uint64_t generation) noexcept;

  // By the waiter itself, after its wait.
  static void cancel(timer_node& node) noexcept;

  // Takes one due node off; false when none is. The caller claims {waiter of node, generation} with timed_out. The node
  // may be armed again the moment this returns, so the copies are what counts.
  struct due {
    timer_node* node;
    std::uint64_t generation;
  };
  [[nodiscard]] bool pop_due(deadline now, due& out) noexcept;

  // Any thread, a hint that is exact for whoever fenced after an arm ("Earliest deadline", poll_turn.hpp).
  [[nodiscard]] deadline earliest() const noexcept {
    // relaxed: the fences of poll_turn order it.
    return deadline::from_nanoseconds(earliest_.load(std::memory_order_relaxed));
  }

  // relaxed: a statistic.
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

 private:
  void insert(timer_node& node) noexcept WEFT_REQUIRES(lock_);
  void remove(timer_node& node) noexcept WEFT_REQUIRES(lock_);
  void note_root() noexcept WEFT_REQUIRES(lock_);
  static timer_node* meld(timer_node* a, timer_node* b) noexcept;
  static timer_node* meld_siblings(timer_node* first) noexcept;

  internal_lock lock_;
  timer_node* root_ WEFT_GUARDED_BY(lock_) = nullptr;
  // Written under lock_, read by any thread.
  std::atomic<std::int64_t> earliest_{deadline::never().nanoseconds()};
  std::atomic<std::size_t> size_{0};
};

}  // namespace weft::detail
