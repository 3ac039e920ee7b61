// Room: runtime. See scheduler.hpp.

#include "scheduler.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <weft/runtime/detail/scheduling_point.hpp>

#include "end_report.hpp"
#include "fiber_extension.hpp"
#include "helper_call.hpp"
#include "idle_stacks.hpp"
#include "quantity_text.hpp"
#include "registry.hpp"
#include "simulation_border.hpp"
#include "stack_memory.hpp"
#include "stack_pool.hpp"
#include "stuck_watch.hpp"
#include "this_worker.hpp"
#include "unparking.hpp"

namespace weft::detail {

namespace {

// Runtimes with threads that are not shut yet.
constinit std::atomic<std::size_t> g_with_threads{0};

stack_pool& stacks_for(const options& settled) {
  stack_memory::refuse_larger_pages(stack_memory::page_of_system());
  return stack_pool::for_size(settled.stack_size);
}

}  // namespace

std::size_t living_runtimes() noexcept { return g_with_threads.load(std::memory_order_relaxed); }  // relaxed: a counter

scheduler::scheduler(const options& settled, clock_source* clock, simulated_end* simulated)
    : seats(*this, static_cast<unsigned>(settled.workers), settled.seed),
      idle(static_cast<unsigned>(settled.workers)),
      settings_(settled),
      clock_(clock),
      simulated_(simulated),
      default_stacks_(stacks_for(settled)),
      monitor_(*this) {
  register_runtime(*this);
  if (!is_simulated()) g_with_threads.fetch_add(1, std::memory_order_relaxed);  // relaxed: a counter
  try {
    if (is_simulated()) {
      seats.seat_the_first();
    } else {
      default_stacks_.reserve_first();  // the allocator takes 64 MiB for each thread, from whatever there is
      seats.start();
      monitor_thread_ = std::thread([this] { monitor_.run(); });
    }
  } catch (...) {
    shut_down();
    unregister_runtime(*this);
    throw;
  }
}

scheduler::~scheduler() {
  (void)stop();
  unregister_runtime(*this);
}

bool scheduler::is_inside() const noexcept {
  const helper_call* const served = this_helper_call();
  const fiber_block* const by = served != nullptr ? served->caller() : this_fiber_block();
  // relaxed: constant while it lives.
  return by != nullptr && by->home.load(std::memory_order_relaxed) == this;
}

bool scheduler::stop() {
  if (shut_.load(std::memory_order_relaxed)) return true;  // relaxed: only this thread, its owner, sets it
  // seq_cst: "Cancelling", C1; pairs with is_stopping_after_publish.
  stopping_.store(true, std::memory_order_seq_cst);
  // Before the walk and the counts below: a fiber in a slab that the walk does not see yet sees the flag, and so does a
  // spawner that is not counted yet; pairs with the fence of admit_spawn_from_outside.
  real_env::fence();
  if (is_simulated()) {
    simulated_->unwind_all();
  } else {
    const bool inside = is_inside();
    cancel_all();
    wait_until_quiet(inside ? 1 : 0);
    if (inside) return false;
  }
  shut_down();
  return true;
}

void scheduler::cancel_all() noexcept {
  fiber_slab().for_each([this](fiber_block& fiber) {
    stop_source_of(fiber, *this).request_stop();
    cancel_wait(fiber, *this);
  });
}

// Looks every few milliseconds too: a worker may count a fiber as finished just before it can see that we are stopping.
void scheduler::wait_until_quiet(std::uint64_t left_over) {
  constexpr auto k_patience = std::chrono::seconds(5);
  constexpr auto k_slice = std::chrono::milliseconds(5);
  const auto now = [] { return deadline::at(deadline::clock::now()); };
  const auto limit = settings_.end_limit;
  const deadline give_up_at = limit.count() == 0 ? deadline::never() : deadline::after(now(), limit);
  deadline report_at = deadline::after(now(), k_patience);
  deadline look_at = deadline::after(now(), stuck_watch::k_pause);
  stuck_watch stuck(*this);
  for (;;) {
    // acquire: pairs with note_finished; the count below is at least as new.
    const std::uint32_t seen = quiet_.load(std::memory_order_acquire);
    if (live_fibers() <= left_over) return;
    futex_wait_until(quiet_, seen, deadline::after(now(), k_slice));
    if (now() >= give_up_at) give_up();
    if (now() >= look_at) look_at = deadline::after(now(), stuck.look());
    if (now() < report_at) continue;
    std::fputs(report_who_is_left(*this).c_str(), stderr);
    report_at = deadline::after(now(), k_patience);
  }
}

// Nothing is flushed: what is not written may be what somebody hangs in.
void scheduler::give_up() const {
  constexpr int k_status = 3;
  std::fprintf(stderr, "%sweft: given up after %s (options.end_limit, WEFT_END_LIMIT); exit status %d\n",
               report_who_is_left(*this).c_str(), duration_in_words(settings_.end_limit.count()).c_str(), k_status);
  std::_Exit(k_status);
}

// A spawner from outside counts, fences, and looks at stopping_; stop() sets it, fences, and counts. Either the spawner
// is counted, and its fiber is born cancelled and waited for, or it sees that it came too late.
bool scheduler::admit_spawn_from_outside() noexcept {
  spawned_outside_.fetch_add(1, std::memory_order_relaxed);  // relaxed: ordered by the fence
  real_env::fence();                                         // pairs with the fence of stop()
  if (!is_stopping()) return true;
  take_back_spawn();
  return false;
}

void scheduler::take_back_spawn() noexcept {
  spawned_outside_.fetch_sub(1, std::memory_order_relaxed);  // relaxed: the sum of all counts is what matters
  if (is_stopping()) note_finished();
}

// Rules 4 to 6 of "The end".
void scheduler::shut_down() noexcept {
  shut_.store(true, std::memory_order_release);  // release: pairs with is_shut
  monitor_.wake();
  if (monitor_thread_.joinable()) monitor_thread_.join();
  seats.join();  // a worker that is about to sleep sees shut_ in its second look, or its parker is notified
  // acquire: pairs with the decrement in make_ready_from_outside.
  while (wakers_outside_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
  // relaxed: a counter. Simulations come by the thousand, and each needs what the last one had.
  if (!is_simulated() && g_with_threads.fetch_sub(1, std::memory_order_relaxed) == 1) idle_stacks::give_back_all();
}

void scheduler::note_finished() noexcept {
  quiet_.fetch_add(1, std::memory_order_release);  // release: the finished count; pairs with wait_until_quiet
  futex_wake_all(quiet_);
}

void scheduler::make_ready_from_outside(fiber_block* fiber) noexcept {
  if (is_anything_simulated()) [[unlikely]]
    check_wake_stays_inside(this);
  // The fiber keeps the runtime alive until it is in the queue; the count keeps it until this thread is out again.
  wakers_outside_.fetch_add(1, std::memory_order_relaxed);
  if (fiber->is_pinned()) {
    pinned_home_of(*fiber).receive(fiber);
  } else {
    inject.push(fiber);
    wake_one_if_helpful();
  }
  wakers_outside_.fetch_sub(1, std::memory_order_release);  // release: all of the above; pairs with shut_down
}

void scheduler::wake_one_if_helpful() noexcept {
  if (const int picked = idle.pick_to_wake(); picked >= 0) seats.in_seat(static_cast<unsigned>(picked)).wake();
}

// "Earliest deadline", A2 and A3.
void scheduler::wake_for(deadline timer) noexcept {
  if (!turn.must_wake(timer.nanoseconds())) return;
  if (const int holder = turn_holder; holder >= 0) seats.in_seat(static_cast<unsigned>(holder)).wake();
}

void scheduler::look_again() noexcept {
  for (const auto& each : seats.all()) each->wake();
}

deadline scheduler::now() const noexcept {
  if (clock_ == nullptr) [[likely]]
    return deadline::at(deadline::clock::now());
  return deadline::from_nanoseconds(clock_->now());
}

deadline scheduler::earliest_timer() const noexcept {
  deadline least = deadline::never();
  for (const auto& each : seats.all()) least = std::min(least, each->timers.earliest());
  return least;
}

bool scheduler::work_in_sight() const noexcept {
  if (inject.size() != 0 || is_shut()) return true;
  for (unsigned seat = 0; seat < seats.seats(); ++seat)
    if (seats.in_seat(seat).has_surplus()) return true;
  return false;
}

poller& scheduler::install(std::unique_ptr<poller> (*make)()) {
  if (poller* const there = installed_poller()) return *there;
  {
    const internal_guard guard(install_lock_);
    if (owned_poller_ == nullptr) owned_poller_ = make();
    poller_.store(owned_poller_.get(), std::memory_order_release);  // release: pairs with installed_poller
  }
  look_again();  // whoever sleeps with the turn sleeps on its own futex word: it must go into the poller instead
  return *installed_poller();
}

// Finished is read first: each fiber that it counts was counted as spawned before, and is seen to be.
std::uint64_t scheduler::live_fibers() const noexcept {
  std::uint64_t finished = 0;
  for (const auto& each : seats.all()) finished += each->finished();
  std::uint64_t spawned = spawned_outside_.load(std::memory_order_relaxed);  // relaxed: after the acquires above
  for (const auto& each : seats.all()) spawned += each->spawned;
  return spawned - finished;
}

std::size_t scheduler::armed_timers() const noexcept {
  std::size_t sum = 0;
  for (const auto& each : seats.all()) sum += each->timers.size();
  return sum;
}

}  // namespace weft::detail
