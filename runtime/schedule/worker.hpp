#pragma once
// Room: runtime. A worker: an OS thread that runs fibers. It owns the order in which its fibers run and how it sleeps;
// what a fiber is stands in fiber_block.hpp, what workers share in scheduler.hpp.
//
// A parking fiber picks the next one and switches straight to it, on its own stack (switching.hpp). The thread's own
// context, home, runs only when that finds nothing, or when it is time to look around (worker.cpp): there the worker
// takes in injected fibers, due timers and readiness, steals, and sleeps.
// Next: switching.hpp, then worker.cpp, then scheduler.hpp.

#include <atomic>
#include <cstdint>
#include <thread>

#include <time.h>

#include <weft/runtime/poller.hpp>

#include "fiber_block.hpp"
#include "float_environment.hpp"
#include "inbox.hpp"
#include "inject_queue.hpp"
#include "next_slot.hpp"
#include "parker.hpp"
#include "relaxed.hpp"
#include "seating.hpp"
#include "stack_magazine.hpp"
#include "steal_ring.hpp"
#include "timer_queue.hpp"

namespace weft::detail {

class scheduler;

// What remains to be done for the context that was left, on the stack of the next one: nothing else may.
enum class after_switch : std::uint8_t {
  publish,  // it parked: from here on its wait can be won
  requeue,  // it yielded: to the end of the ring
  recycle,  // it finished: stack and block go back
};

class worker {
 public:
  // A spare sleeps until it is given a seat, a lent one until its fiber comes. `floats`: what its fibers begin with.
  worker(scheduler& home, unsigned index, std::uint64_t seed, worker_role role,
         const float_environment& floats) noexcept;
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  // The body of the worker's thread: runs fibers until the runtime is shut.
  void run() noexcept;

  // --- On the stack of the fiber that runs here (switching.hpp).

  // Leaves `fiber`, the running one, to come back when it is ready again. Returns the worker that it came back on.
  static worker* leave(worker* w, fiber_block* fiber, after_switch step) noexcept;
  // Nobody else is ready here, and it is not yet time to look around: a yield need not leave. Counts as a turn if so.
  [[nodiscard]] bool is_alone() noexcept;
  // An exception is on its way through the running fiber.
  [[nodiscard]] WEFT_NO_TSAN bool is_unwinding() const noexcept { return exceptions_->uncaught != 0; }
  [[nodiscard]] WEFT_NO_TSAN std::uint32_t exceptions_in_flight() const noexcept { return exceptions_->uncaught; }
  // First thing in a new fiber.
  void begin_fiber() const noexcept { floats_.enter(); }
  // The end of `fiber`, the running one: leaves it for good. Returns if one that has not run yet is the running one
  // now, on the same stack.
  static void finish(worker* w, fiber_block* fiber) noexcept;
  // First thing on any context that was switched to.
  void arrive(void* left) noexcept;
  // Second thing, on a context that has no exception state of its own yet.
  void clear_exceptions() noexcept;

  // A fiber that became ready runs next here; what was next goes to the ring, and a sleeper may come for it.
  void make_ready(fiber_block* fiber) noexcept;
  // To the end of the ring (half of a full one goes to inject). Both send a pinned one home instead.
  void enqueue(fiber_block* fiber) noexcept;
  // One that yields: to inject, rather than into a ring that is nearly full while others wait there.
  void requeue(fiber_block* fiber) noexcept;

  // --- Any thread.
  void wake() noexcept;
  // "Sending home" (inbox.hpp), by any thread but this worker's: a fiber that is pinned here became ready.
  void receive(fiber_block* fiber) noexcept;
  [[nodiscard]] bool has_surplus() const noexcept { return !ring_.empty(); }
  [[nodiscard]] std::uint32_t surplus() const noexcept { return ring_.size(); }
  // The monitor, when the owner has run one fiber for long: takes what waits in the next slot.
  [[nodiscard]] fiber_block* take_next() noexcept { return next_.take(); }
  // A hint; also true if the worker is counted out.
  [[nodiscard]] bool has_next() const noexcept { return next_.is_set(); }
  // "Looking at the ready" (ready_look.hpp), as a thief: the oldest of its ring; what runs next; what has arrived at
  // its inbox, newest first.
  [[nodiscard]] fiber_block* steal_oldest() noexcept { return ring_.steal_one(); }
  [[nodiscard]] fiber_block* steal_next() noexcept { return next_.steal(); }
  [[nodiscard]] fiber_block* take_arrived() noexcept { return inbox_.take_arrived(); }
  // Acquires what release of note_finished published: whoever sees a fiber as finished sees it as spawned.
  [[nodiscard]] std::uint64_t finished() const noexcept { return finished_.load(std::memory_order_acquire); }

  // --- The monitor, and whoever starts the runtime ("Filling in", seating.hpp).
  // I4: the worker is a spare that was taken, or has not begun.
  void take_seat(unsigned seat) noexcept;
  // I2 and I3; false: it is not running in its seat.
  [[nodiscard]] bool count_out() noexcept;
  [[nodiscard]] bool is_out() const noexcept;
  // By the owner that is out, or by the monitor: its ring, or as many as that, to inject, with a wake for each. False:
  // there was none.
  bool hand_over_ring(std::uint32_t most = UINT32_MAX) noexcept;
  // --- "Lending a thread" (seating.hpp).
  [[nodiscard]] bool is_lent() const noexcept { return role_ == worker_role::lent; }
  [[nodiscard]] const float_environment& floats() const noexcept { return floats_; }
  // Who takes it out of the list; or the fiber that runs there, as the next one.
  void keep() noexcept { kept_ = true; }
  void let_go() noexcept { kept_ = false; }
  // Itself, or under the list's lock.
  [[nodiscard]] bool is_kept() const noexcept { return kept_; }

  // relaxed: a hint.
  [[nodiscard]] bool is_running() const noexcept {
    return standing_.load(std::memory_order_relaxed) == standing::running;
  }
  [[nodiscard]] unsigned seat() const noexcept { return seat_; }
  // What the worker's thread has computed so far, by the kernel's account. A system call.
  [[nodiscard]] std::int64_t processor_time_ns() const noexcept;

  // --- Owner only, from any of its stacks.
  [[nodiscard]] fiber_block* current() const noexcept { return current_; }
  [[nodiscard]] scheduler& home() const noexcept { return home_; }
  [[nodiscard]] std::uint64_t random() noexcept;
  [[nodiscard]] fiber_block* take_block();  // from the magazine; throws std::bad_alloc
  void give_back_block(fiber_block* block) noexcept;
  stack_magazine stacks;  // of the runtime's size
  [[nodiscard]] std::uint64_t next_id() noexcept;

  // For the race detector: a worker that joined later was made by a thread that its fibers have never met; and its own
  // thread, as it begins, has made the thread_locals and the errno that they read.
  void announce_made() noexcept { announce_release(&made_); }
  void announce_met() noexcept { announce_acquire(&made_); }

  // --- A simulation, at home (simulated_worker.cpp): the calling thread is this worker's, from begin to end.
  void begin_simulated() noexcept;
  void end_simulated() noexcept;
  // Until it parks, yields or ends; at once if there is no stack for it.
  void run_simulated(fiber_block* fiber) noexcept;
  [[nodiscard]] fiber_block* take_any_ready() noexcept;

  // --- Any thread, for figures.
  const unsigned index;
  relaxed<int> thread_id{0};
  relaxed<std::uint64_t> turn{0};      // switches made here, and sleeps
  relaxed<std::uint64_t> sleeps{0};    // of these
  relaxed<std::int64_t> now{0};        // the clock when the worker last looked at it, nanoseconds
  relaxed<std::int64_t> last_look{0};  // ... when it last looked into the poller
  relaxed<std::uint64_t> spawned{0};
  // "Brief calls" (detail/brief_call.hpp).
  relaxed<bool> in_brief_call{false};
  relaxed<std::uint32_t> brief_calls{0};  // since the last one that was long
  relaxed<std::uint32_t> calls_long{0};   // written by the monitor
  timer_queue timers;

 private:
  static constexpr std::int64_t k_most_turns_between_services = 61;
  static constexpr std::uint32_t k_most_next_in_a_row = 16;
  // So that a service always has room for as many as ran since the last one.
  static constexpr std::uint32_t k_kept_free_by_yields = 64;
  static_assert(k_kept_free_by_yields > k_most_turns_between_services);
  static constexpr unsigned k_magazine = 128;

  // switching.hpp
  [[nodiscard]] fiber_block* pick_next() noexcept;
  [[nodiscard]] fiber_block* pick_local() noexcept;
  [[nodiscard]] bool is_ready_to_run(fiber_block* fiber) noexcept;
  [[nodiscard]] context& choose_target() noexcept;
  [[nodiscard]] context& target_for(fiber_block* next) noexcept;

  // switching.cpp
  [[nodiscard]] bool prepare(fiber_block* fiber) noexcept;
  [[nodiscard]] bool may_inherit(const fiber_block& fresh, const fiber_block& finished) const noexcept;
  void inherit(fiber_block* fresh, fiber_block* finished) noexcept;
  void recycle(fiber_block* fiber) noexcept;
  void end(fiber_block* fiber) noexcept;
  void displace(fiber_block* fiber, fiber_block* other) noexcept;
  [[nodiscard]] stack take_stack(stack_pool& from) noexcept;
  void give_back_stack(stack_pool& to, const stack& used) noexcept;
  [[gnu::noinline]] void fetch_ahead() noexcept;
  [[gnu::noinline]] void feed_one_starving(const stack_pool& has_a_stack) noexcept;
  [[gnu::noinline]] void overflow(fiber_block* fiber) noexcept;  // apart from the frames of who parks: it needs 1 KiB
  void note_finished() noexcept {
    // relaxed load: this worker alone writes it. release: pairs with finished().
    finished_.store(finished_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  [[gnu::noinline]] void requeue_crowded(fiber_block* fiber) noexcept;
  [[nodiscard]] bool shuffle(fiber_block* fiber) noexcept;

  // pinning.cpp
  [[gnu::noinline]] void send_home(fiber_block* fiber) noexcept;
  [[nodiscard]] fiber_block* take_pinned() noexcept;
  [[nodiscard]] fiber_block* work_without_a_seat() noexcept;
  [[nodiscard]] fiber_block* work_for_one() noexcept;
  void wait_for_its_fiber() noexcept;

  // worker.cpp
  [[nodiscard]] fiber_block* next_fiber() noexcept;
  [[nodiscard]] fiber_block* find_work() noexcept;
  [[nodiscard]] bool take_injected(inject_queue::spilled which) noexcept;
  [[nodiscard]] fiber_block* search() noexcept;
  [[nodiscard]] fiber_block* steal_once() noexcept;
  void stop_searching(bool found) noexcept;
  void service() noexcept;
  void relieve_another() noexcept;
  void plan_next_service() noexcept;
  [[nodiscard]] bool work_in_sight() const noexcept;
  void look() noexcept;
  void expire_due(timer_queue& queue) noexcept;
  void limit_batch_to_ring() noexcept;
  void deliver() noexcept;
  [[nodiscard]] bool leave_for_sleep() noexcept;
  void begin_in_seat() noexcept;
  void be_a_spare() noexcept;
  void wait_for_a_seat() noexcept;
  void sleep() noexcept;
  void sleep_with_the_turn() noexcept;
  void note_time() noexcept;
  void flush_magazine() noexcept;

  scheduler& home_;

  // --- Owner only, from any of its stacks.
  relaxed<fiber_block*> current_{nullptr};
  relaxed<fiber_block*> leaving_{nullptr};  // null: home
  relaxed<after_switch> step_{after_switch::publish};
  relaxed<exception_state*> exceptions_{nullptr};
  relaxed<std::uint32_t> next_in_a_row_{0};
  relaxed<bool> fetches_ahead_{false};      // "Fetching ahead" (worker.cpp)
  relaxed<std::uint64_t> last_service_{0};  // the turn
  relaxed<std::uint64_t> next_service_{k_most_turns_between_services};
  relaxed<std::uint64_t> next_visit_{k_most_turns_between_services};  // ... of home: for the service or the inbox
  relaxed<std::uint64_t> random_state_;
  relaxed<fiber_block*> magazine_{nullptr};
  relaxed<unsigned> magazine_size_{0};
  relaxed<std::uint64_t> next_id_{0};
  relaxed<std::uint64_t> last_id_{0};
  context own_;  // home

  // --- Owner only, at home.
  const worker_role role_;
  const float_environment floats_;  // of the thread that made the runtime
  char made_ = 0;                   // only its address is used
  bool searching_ = false;
  unsigned watched_seat_ = 0;  // whom relieve_another watches: its turn, and when that was read first
  std::uint64_t watched_turn_ = 0;
  std::int64_t watched_since_ = 0;
  ready_batch batch_;

  // --- Any thread.
  std::atomic<std::uint64_t> finished_{0};
  relaxed<unsigned> seat_{0};                            // written by who seats it
  relaxed<bool> kept_{false};                            // a lent one's: for the fiber that is pinned to it
  relaxed<clockid_t> processor_clock_{CLOCK_MONOTONIC};  // its thread's, once that runs
  std::atomic<standing> standing_{standing::out};
  inbox<real_env, fiber_block> inbox_;
  alignas(64) next_slot<real_env, fiber_block> next_;
  parker parker_;
  steal_ring<real_env, fiber_block> ring_;
};

// Numbers that no other fiber has.
[[nodiscard]] std::uint64_t take_fiber_ids(std::uint64_t count) noexcept;

// A permit that `w`, or a plain thread, took and nobody will use.
void return_permit(worker* w, stack_pool& stacks) noexcept;

}  // namespace weft::detail
