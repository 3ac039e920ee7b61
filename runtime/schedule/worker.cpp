// Room: runtime. The worker at home: what it does when no fiber of its own is ready, or when it is time to look around.
// Next: idle_set.hpp and poll_turn.hpp, the protocols that sleep() follows.

#include "worker.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "handler_stack.hpp"
#include "own_threads.hpp"
#include "random.hpp"
#include "scheduler.hpp"
#include "seat_walk.hpp"
#include "switching.hpp"
#include "system_thread.hpp"
#include "this_worker.hpp"
#include "unparking.hpp"

namespace weft::detail {

namespace {

constexpr std::int64_t k_time_between_services_ns = 100'000;
constexpr std::int64_t k_longest_turn_ns = 200'000;  // much longer than the turns of fibers that wait for each other
constexpr std::uint32_t k_few = 64;                  // ready here: more take long, and have long not run

void name_thread(unsigned index, bool is_lent) noexcept {
  std::array<char, 16> name;  // all that the kernel keeps
  std::snprintf(name.data(), name.size(), is_lent ? "weft-alone-%u" : "weft-worker-%u", index % 1000);
  name_this_thread(name.data());
}

}  // namespace

worker::worker(scheduler& home, unsigned i, std::uint64_t seed, worker_role role,
               const float_environment& floats) noexcept
    : stacks(home.default_stacks()),
      index(i),
      home_(home),
      random_state_(seed + i * 0xd1342543de82ef95u),
      role_(role),
      floats_(floats) {
  if (is_lent()) {
    (void)next_.close();
    keep();
  }
  announce_made();
}

void worker::run() noexcept {
  const own_thread counted;
  const handler_stack for_overflows;
  home_.makers_signals().apply();
  announce_made();
  name_thread(index, is_lent());
  floats_.enter();
  set_this_worker(this);
  thread_id = this_thread_number();
  if (clockid_t clock; this_thread_clock(clock)) processor_clock_ = clock;
  exceptions_ = this_thread_exception_state();
  adopt_thread(own_);
  note_time();
  if (role_ == worker_role::seated) begin_in_seat();
  if (role_ == worker_role::spare) wait_for_a_seat();
  while (fiber_block* const fiber = next_fiber()) {
    if (!is_ready_to_run(fiber)) continue;
    current_ = fiber;
    fiber->runs_on = this;
    leaving_ = nullptr;
    const arrival back = switch_context(own_, fiber->registers, this, leaving::to_come_back);
    arrive(back.left);
    clear_exceptions();
  }
  announce_acquire(this);
  flush_magazine();
  stacks.flush();
  set_this_worker(nullptr);
}

// Null once the runtime is shut.
fiber_block* worker::next_fiber() noexcept {
  for (;;) {
    if (is_out()) {
      if (fiber_block* const fiber = work_without_a_seat()) return fiber;
      if (home_.is_shut()) return nullptr;
      continue;
    }
    if (turn >= next_service_) service();
    if (fiber_block* const fiber = find_work()) {
      if (searching_) stop_searching(true);
      real_env::fence();  // "Counting out", P2, for all that was put into the ring here; pairs with N2
      if (!is_out()) return fiber;
      home_.make_ready_from_outside(fiber);
      continue;
    }
    if (searching_) stop_searching(false);
    if (home_.is_shut()) return nullptr;
    sleep();
  }
}

fiber_block* worker::find_work() noexcept {
  if (inbox_.has_any()) return take_pinned();
  if (fiber_block* const fiber = pick_local()) return fiber;
  if (take_injected(inject_queue::spilled::newest)) return pick_local();
  return search();
}

// A fair share of what was injected, fibers that have begun first. False: there was nothing.
bool worker::take_injected(inject_queue::spilled which) noexcept {
  if (home_.inject.size() == 0) return false;
  const auto share = home_.inject.share_of(home_.seats.filled(), ring_.k_capacity - ring_.size());
  fiber_block* batch[inject_queue::k_largest_share];
  std::size_t count = home_.inject.take_begun(batch, share.begun);
  for (std::size_t i = 0; i < count; ++i) enqueue(batch[i]);
  const std::size_t fresh = home_.inject.take_fresh(batch, share.fresh, which);
  for (std::size_t i = 0; i < fresh; ++i) enqueue(batch[i]);
  count += fresh;
  // On their way from queue to queue they were in neither: a sleeper's second look may have missed them.
  if (count != 0 && ring_.size() > 1 && !searching_) home_.wake_one_if_helpful();
  return count != 0;
}

// "Sleeping", S1 and S2.
fiber_block* worker::search() noexcept {
  const unsigned workers = home_.seats.filled();
  if (!searching_) {
    // At most half of the workers search; and with all others asleep there is nobody to steal from.
    if (home_.idle.sleeping_hint() + 1 >= workers) return nullptr;
    if (!home_.idle.transition_to_searching(std::max(1u, workers / 2))) return nullptr;
    searching_ = true;
  }
  constexpr int k_passes = 2;
  for (int pass = 0; pass < k_passes; ++pass)
    if (fiber_block* const fiber = steal_once()) return fiber;
  return take_injected(inject_queue::spilled::newest) ? pick_local() : nullptr;
}

fiber_block* worker::steal_once() noexcept {
  const unsigned seats = home_.seats.seats();
  return first_from_seats(seats, static_cast<unsigned>(random() % seats), [this](unsigned seat) {
    worker& victim = home_.seats.in_seat(seat);
    return &victim != this ? victim.ring_.steal_into(ring_) : nullptr;
  });
}

// The last searcher that finds work wakes another: two wakers may have relied on it.
void worker::stop_searching(bool found) noexcept {
  searching_ = false;
  if (home_.idle.transition_from_searching(found) && found) home_.wake_one_if_helpful();
}

// Every 61 turns or 100 us: what a busy worker owes to timers, readiness and injected fibers.
void worker::service() noexcept {
  plan_next_service();
  stacks.flush_if_scarce();
  // First: timers and readiness fill what room there is, and what was injected has waited longer.
  (void)take_injected(inject_queue::spilled::one_oldest);
  relieve_another();
  fetches_ahead_ = false;
  expire_due(timers);
  look();
}

// "Relieving". A worker that makes no turn has lost its processor, most likely for a whole time slice, or runs a long
// fiber. Who has work of his own never comes to steal, so what waits in that ring would wait as long, or until "Filling
// in" takes it: half of it comes here, as by any thief, at each service until it makes a turn. One other is watched at
// a time, all of them in turn: a look costs the same however many there are.
void worker::relieve_another() noexcept {
  const unsigned seats = home_.seats.seats();
  if (seats == 1 || ring_.size() > k_few) return;
  worker& watched = home_.seats.in_seat(watched_seat_);
  const bool made_a_turn = watched.turn != watched_turn_;
  if (!made_a_turn && now - watched_since_ < k_longest_turn_ns) return;
  if (&watched != this && !made_a_turn && watched.has_surplus()) {
    if (fiber_block* const oldest = watched.ring_.steal_into(ring_)) {
      enqueue(oldest);
      if (ring_.size() > 1) home_.wake_one_if_helpful();  // as in take_injected
      return;                                             // and the rest of it next time
    }
  }
  if (++watched_seat_ >= seats) watched_seat_ = 0;
  watched_turn_ = home_.seats.in_seat(watched_seat_).turn;
  watched_since_ = now;
}

// How many turns fit into the time, at the pace of the last ones: a clock that is read at each turn would cost more.
void worker::plan_next_service() noexcept {
  const auto turns = static_cast<std::int64_t>(turn - last_service_);
  const std::int64_t before = now;
  note_time();
  const std::int64_t took = std::max<std::int64_t>(now - before, 1);
  last_service_ = turn.get();
  next_service_ = turn + static_cast<std::uint64_t>(std::clamp<std::int64_t>(turns * k_time_between_services_ns / took,
                                                                             1, k_most_turns_between_services));
  next_visit_ = next_service_.get();
}

void worker::note_time() noexcept { now = home_.now().nanoseconds(); }

// A look into the poller that does not wait.
void worker::look() noexcept {
  poller* const p = home_.installed_poller();
  if (p == nullptr || !p->has_waiters() || !home_.turn.try_take()) return;
  last_look = now.get();
  limit_batch_to_ring();
  p->poll(deadline::from_nanoseconds(0), batch_);
  home_.turn.release();
  deliver();
}

void worker::expire_due(timer_queue& queue) noexcept {
  limit_batch_to_ring();
  while (claim_due(queue, deadline::from_nanoseconds(now), batch_)) {
    deliver();
    limit_batch_to_ring();
  }
  batch_.clear();  // and its limit
}

// What is more than the ring holds stays where it is, in its order, and where others find it, too. Taken in, it would
// overflow to inject, and what comes later would pass it by. Two at least, what an event may bring: a ring that is full
// for ever, and never overflows, would leave it there for ever; these make it overflow, and so make room for more.
void worker::limit_batch_to_ring() noexcept {
  batch_.limit_to(std::max<std::size_t>(ring_.k_capacity - ring_.size(), 2));
}

// "Fetching ahead". Where events make many ready, with a thousand connections, what a fiber goes on with has left the
// caches since it last ran: its block, and the frames of its wait. So while one runs the next one's frames are fetched,
// and the block of the one after that, which tells where its frames are. Sooner, they would be gone again before they
// are needed; and who only yields is not worth a nanosecond.

// Oldest first, to the end of the ring; if that is more than this worker runs next, one sleeper may come for it.
void worker::deliver() noexcept {
  const bool found = batch_.size() != 0;
  for (const claimed& won : batch_) {
    if (fiber_block* const fiber = settle(won, home_)) enqueue(fiber);
  }
  batch_.clear();
  if (found && ring_.size() > k_few) fetches_ahead_ = true;
  if (found && ring_.size() + (has_next() ? 1 : 0) > 1) home_.wake_one_if_helpful();
}

// --- "Filling in", the worker's side and its two ends of `standing`.

void worker::take_seat(unsigned seat) noexcept {
  seat_ = seat;
  next_.open();
  standing_.store(standing::sleeping, std::memory_order_release);  // release: the seat; pairs with is_out
}

// O5.
void worker::begin_in_seat() noexcept {
  // release: its count as a searcher is its own from here on; pairs with count_out.
  standing_.store(standing::running, std::memory_order_release);
}

bool worker::count_out() noexcept {
  standing expected = standing::running;
  // acq_rel: it is awake, and what it did in its seat is done; pairs with leave_for_sleep, begin_in_seat and is_out.
  if (!standing_.compare_exchange_strong(expected, standing::out, std::memory_order_acq_rel, std::memory_order_relaxed))
    return false;
  if (fiber_block* const fiber = next_.close()) home_.make_ready_from_outside(fiber);
  hand_over_ring();
  return true;
}

bool worker::is_out() const noexcept {
  return standing_.load(std::memory_order_acquire) == standing::out;  // acquire: pairs with take_seat
}

std::int64_t worker::processor_time_ns() const noexcept {
  timespec time{};
  ::clock_gettime(processor_clock_, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

// False: it has just been counted out.
bool worker::leave_for_sleep() noexcept {
  standing expected = standing::running;
  // acq_rel: pairs with count_out; one of the two fails.
  return standing_.compare_exchange_strong(expected, standing::sleeping, std::memory_order_acq_rel,
                                           std::memory_order_relaxed);
}

// O3.
void worker::be_a_spare() noexcept {
  flush_magazine();
  stacks.flush();
  home_.seats.add_spare(*this);
  wait_for_a_seat();
}

// Returns in a seat, counted as searching; or without, when a pinned fiber has arrived (O4) or the runtime is shut.
void worker::wait_for_a_seat() noexcept {
  while (is_out() && !home_.is_shut()) {
    real_env::fence();  // Q2, out before the look into the inbox: pairs with the fence of inbox::send
    if (inbox_.has_arrived() && home_.seats.remove_spare(*this)) return;
    parker_.wait_until(deadline::never());
  }
  if (home_.is_shut()) return;
  searching_ = true;
  turn += 1;
  sleeps += 1;
  begin_in_seat();
  note_time();
}

// "Sleeping", S4 to S7, and "Handing over".
void worker::sleep() noexcept {
  if (!leave_for_sleep()) return;
  stacks.flush();  // others may want them before we wake
  home_.idle.announce_sleep(seat_);
  if (home_.turn.try_take()) {
    home_.turn_holder = static_cast<int>(seat_);
    sleep_with_the_turn();
    home_.turn.release();
  } else if (!work_in_sight()) {
    parker_.wait_until(deadline::never());
  }
  searching_ = !home_.idle.retract_sleep(seat_);
  if (!searching_ && batch_.size() == 0) {
    // Nothing of our own: the second look found something, so S1 again, without a limit.
    searching_ = home_.idle.transition_to_searching(home_.idle.k_no_limit);
  }
  turn += 1;  // the monitor sees that it has not computed since
  sleeps += 1;
  // release: it is out of the idle set; pairs with count_out.
  standing_.store(standing::running, std::memory_order_release);
  home_.note_worker_runs();
  note_time();
  deliver();
  for (const auto& each : home_.seats.all()) expire_due(each->timers);
}

// S6, and Q3 of "Sending home".
bool worker::work_in_sight() const noexcept { return inbox_.has_arrived() || home_.work_in_sight(); }

// "Earliest deadline", E1 to E4.
void worker::sleep_with_the_turn() noexcept {
  deadline until = home_.earliest_timer();
  for (;;) {
    home_.turn.publish_until(until.nanoseconds());
    const deadline again = home_.earliest_timer();
    if (again >= until) break;
    until = again;
  }
  if (work_in_sight()) return;
  if (!home_.clock_is_real()) {
    if (until <= home_.now()) return;
    until = deadline::never();  // whoever moves the clock wakes us
  }
  poller* const p = home_.installed_poller();
  if (p == nullptr) return parker_.wait_until(until);
  if (parker_.begin_polling()) p->poll(until, batch_);
  parker_.end_polling();
}

void worker::wake() noexcept {
  parker_.wake([this] { return home_.installed_poller(); });
}

}  // namespace weft::detail
