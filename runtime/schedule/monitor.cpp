// Room: runtime. See monitor.hpp.

#include "monitor.hpp"

#include <algorithm>
#include <utility>

#include <sys/resource.h>

#include <weft/runtime/detail/random.hpp>

#include "deadlock_watch.hpp"
#include "dump_requests.hpp"
#include "idle_stacks.hpp"
#include "own_threads.hpp"
#include "switching.hpp"
#include "system_thread.hpp"
#include "thread_signals.hpp"
#include "unparking.hpp"

namespace weft::detail {

namespace {

constexpr std::int64_t k_first_delay_ns = 50'000;
constexpr std::int64_t k_longest_delay_ns = 10'000'000;
// While somebody may be waiting for what busy workers leave undone.
constexpr std::int64_t k_longest_delay_beside_others_ns = 1'000'000;
constexpr std::int64_t k_longest_stall_ns = 2'000'000;
constexpr std::int64_t k_longest_stall_without_computing_ns = 8'000'000;
constexpr std::int64_t k_quiet_delay_ns = 2'000'000;
constexpr unsigned k_quiet_ticks = 10;
constexpr std::int64_t k_first_retry_ns = 1'000'000;
constexpr std::int64_t k_longest_retry_ns = 64'000'000;

// Computing takes real time, whatever the clock of the runtime, and so does lying idle.
deadline real_now() noexcept { return deadline::at(deadline::clock::now()); }
std::int64_t real_now_ns() noexcept { return real_now().nanoseconds(); }

std::int64_t nanoseconds(const timeval& time) noexcept { return (time.tv_sec * 1'000'000 + time.tv_usec) * 1'000; }

}  // namespace

monitor::monitor(scheduler& home) : home_(home), seen_(home.seats.seats()), governor_(home.seats.seats()) {}

void monitor::run() noexcept {
  const own_thread counted;
  signal_mask::of_synchronous_alone().apply();
  name_this_thread("weft-netpoll");
  thread_id = this_thread_number();
  delay_ns_ = k_first_delay_ns;
  stalled_since_ = real_now_ns();
  while (!home_.is_shut()) {
    answer_dump_request();
    retry_starving();
    relieve_who_went_out();
    govern();
    idle_stacks::give_back_some(real_now());
    if (all_sleep()) {
      delay_ns_ = std::max(delay_ns_, k_quiet_delay_ns);
      if (++quiet_ticks_ > k_quiet_ticks) sleep_while_all_sleep();
    } else {
      quiet_ticks_ = 0;
      tick();
    }
    nap();
  }
}

void monitor::tick() noexcept {
  note_turns();
  bool found = look();
  found |= expire_due();
  found |= relieve_who_waits_behind_one();
  found |= wake_for_waiting();
  found |= fill_in();
  delay_ns_ = found ? k_first_delay_ns : std::min(delay_ns_ * 2, longest_delay());
}

std::int64_t monitor::longest_delay() const noexcept {
  const poller* const p = home_.installed_poller();
  const bool somebody_may_wait = home_.idle.sleeping_hint() != 0 || home_.work_in_sight() ||
                                 !home_.earliest_timer().is_never() || (p != nullptr && p->has_waiters());
  return somebody_may_wait ? k_longest_delay_beside_others_ns : k_longest_delay_ns;
}

void monitor::note_turns() noexcept {
  const std::int64_t at = real_now_ns();
  for (unsigned seat = 0; seat < seen_.size(); ++seat) {
    const worker& w = home_.seats.in_seat(seat);
    seat_seen& seen = seen_[seat];
    const std::uint64_t turn = w.turn;
    // One that is at home for long has not got the processor: a further thread would only make it wait longer.
    const bool was_stuck = std::exchange(
        seen.is_stuck, turn == seen.turn && !home_.seats.is_empty(seat) && w.is_running() && w.current() != nullptr);
    seen.turn = turn;
    if (was_stuck || !seen.is_stuck) continue;
    seen.since_ns = at;
    seen.ran_ns = w.processor_time_ns();
  }
}

unsigned monitor::stuck() const noexcept {
  return static_cast<unsigned>(
      std::count_if(seen_.begin(), seen_.end(), [](const seat_seen& seat) { return seat.is_stuck; }));
}

// Others wait behind it: it has computed for long, or been in the kernel ("Brief calls", T1), or, if nothing tells that
// it is there, been unable to compute for longer.
bool monitor::is_held_up(unsigned seat, std::int64_t at_ns) const noexcept {
  const seat_seen& seen = seen_[seat];
  if (!seen.is_stuck || at_ns - seen.since_ns < k_longest_stall_ns) return false;
  if (at_ns - seen.since_ns >= k_longest_stall_without_computing_ns) return true;
  const worker& w = home_.seats.in_seat(seat);
  return w.in_brief_call || w.processor_time_ns() - seen.ran_ns >= k_longest_stall_ns / 2;
}

// T2, before it is relieved: so whoever finds himself relieved sees it.
void monitor::note_held_up(worker& w) noexcept {
  if (w.in_brief_call) w.calls_long += 1;
}

bool monitor::look() noexcept {
  poller* const p = home_.installed_poller();
  if (p == nullptr || !p->has_waiters()) return false;
  const std::int64_t at = home_.now().nanoseconds();
  for (unsigned seat = 0; seat < seen_.size(); ++seat)
    if (at - home_.seats.in_seat(seat).last_look < delay_ns_) return false;
  if (!home_.turn.try_take()) return false;
  p->poll(deadline::from_nanoseconds(0), batch_);
  home_.turn.release_for_others();
  const bool found = batch_.size() != 0;
  for (const claimed& won : batch_) unpark(won);
  batch_.clear();
  // "Handing over", L3: a worker may have fallen asleep without the turn meanwhile.
  if (all_sleep())
    if (const int picked = home_.idle.pick_any_to_wake(); picked >= 0)
      home_.seats.in_seat(static_cast<unsigned>(picked)).wake();
  return found;
}

bool monitor::expire_due() noexcept {
  bool found = false;
  for (const auto& each : home_.seats.all()) {
    if (each->is_running() && !seen_[each->seat()].is_stuck) continue;  // it will; and it may be all that it can do
    while (claim_due(each->timers, home_.now(), batch_)) {
      found = true;
      for (const claimed& won : batch_) unpark(won);
      batch_.clear();
    }
  }
  return found;
}

bool monitor::relieve_who_waits_behind_one() noexcept {
  const std::int64_t at = real_now_ns();
  const bool somebody_gets_on = stuck() != home_.seats.filled();
  bool found = false;
  for (unsigned seat = 0; seat < seen_.size(); ++seat) {
    if (!seen_[seat].is_stuck) continue;
    worker& w = home_.seats.in_seat(seat);
    if (fiber_block* const fiber = w.has_next() ? w.take_next() : nullptr) {
      found = true;
      home_.make_ready_from_outside(fiber);
    }
    // Half of the ring, for workers that are busy, and so steal nothing, but look at inject. Not at once: most who are
    // stuck have lost their processor for a moment, and in inject what is oldest would wait behind what is not.
    if (home_.idle.sleeping_hint() != 0 || !somebody_gets_on || !w.has_surplus() || !is_held_up(seat, at)) continue;
    note_held_up(w);
    found |= w.hand_over_ring((w.surplus() + 1) / 2);
  }
  return found;
}

bool monitor::wake_for_waiting() noexcept {
  if (home_.idle.sleeping_hint() == 0 || !home_.work_in_sight()) return false;
  home_.wake_one_if_helpful();
  return true;
}

// One at a tick, and after two milliseconds the next: the spare may be all that was missing.
bool monitor::fill_in() noexcept {
  const std::int64_t at = real_now_ns();
  if (stuck() != home_.seats.filled() || !home_.work_in_sight()) {
    stalled_since_ = at;
    return false;
  }
  if (at - stalled_since_ < k_longest_stall_ns) return false;
  const unsigned seats = home_.seats.seats();
  unsigned tried = 0;
  do next_out_ = (next_out_ + 1) % seats;
  while (!is_held_up(next_out_, at) && ++tried != seats);
  if (tried == seats) return false;
  stalled_since_ = at;
  worker& held_up = home_.seats.in_seat(next_out_);
  note_held_up(held_up);
  const bool is_filled_in = home_.seats.fill_in_for(held_up);
  somebody_went_out_ |= is_filled_in;
  return is_filled_in;
}

// What one put into its ring as it was counted out, a fiber that yielded in that very moment, may have been seen by
// neither side of "Counting out": that push has no fence, so that no yield pays for one. A tick later it is.
void monitor::relieve_who_went_out() noexcept {
  if (!std::exchange(somebody_went_out_, false)) return;
  for (const auto& each : home_.seats.all())
    if (each->is_out()) each->hand_over_ring();
}

void monitor::govern() noexcept {
  if (home_.seats.seats() == 1) return;
  // Under sanitizers seats are vacated and filled at random, in the middle of whatever tests do.
  if (k_is_sanitized && random_below(4) == 0) return fill_seats(1 + random_below(home_.seats.seats()));
  const std::int64_t at = real_now_ns();
  if (k_is_sanitized || !governor_.is_due(at)) return;
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  fill_seats(governor_.advise({at, turns_done(), nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime),
                               static_cast<std::uint64_t>(used.ru_nivcsw)}));
}

// Or as near to it as can be now: who sleeps stays.
void monitor::fill_seats(unsigned count) noexcept {
  while (home_.seats.filled() < count && home_.seats.fill_one()) {
  }
  for (unsigned seat = home_.seats.seats(); seat-- != 0 && home_.seats.filled() > count;)
    somebody_went_out_ |= !home_.seats.is_empty(seat) && home_.seats.vacate(home_.seats.in_seat(seat));
}

std::uint64_t monitor::turns_done() const noexcept {
  std::uint64_t turns = 0;
  for (const auto& each : home_.seats.all()) turns += each->turn - each->sleeps;
  return turns;
}

// Fibers that found no stack, and maybe nobody will ever give one back: the kernel is asked again, by one of them, ever
// more rarely. Who gets one wakes the next (worker::feed_one_starving).
void monitor::retry_starving() noexcept {
  if (home_.starving.size() == 0) {
    retry_delay_ns_ = 0;
    return;
  }
  const deadline at = deadline::at(deadline::clock::now());
  if (retry_delay_ns_ != 0 && at < retry_at_) return;
  const bool is_first_look = retry_delay_ns_ == 0;
  retry_delay_ns_ = is_first_look ? k_first_retry_ns : std::min(2 * retry_delay_ns_, k_longest_retry_ns);
  retry_at_ = deadline::after(at, std::chrono::nanoseconds(retry_delay_ns_));
  fiber_block* fiber = nullptr;
  if (!is_first_look && home_.starving.take_fresh(&fiber, 1, inject_queue::spilled::newest) != 0)
    home_.make_ready_from_outside(fiber);
}

bool monitor::all_sleep() const noexcept { return home_.idle.sleeping_hint() == home_.seats.filled(); }

// "Going to sleep".
void monitor::sleep_while_all_sleep() noexcept {
  asleep_.store(1, std::memory_order_relaxed);  // relaxed: ordered by the fence
  real_env::fence();                            // M2: pairs with the fence of note_worker_runs
  if (all_sleep() && !home_.is_shut() && !is_dump_requested() && home_.starving.size() == 0) {
    deadlock_watch watch;
    deadline look_at = real_now();
    while (asleep_.load(std::memory_order_acquire) == 1) {  // acquire: pairs with note_worker_runs
      const deadline now = real_now();
      idle_stacks::give_back_some(now);
      if (look_at <= now) look_at = watch.look();
      futex_wait_until(asleep_, 1, std::min(look_at, idle_stacks::wanted_again()));
    }
  }
  asleep_.store(0, std::memory_order_relaxed);  // relaxed: ours, and whoever reads 1 late wakes nobody
  quiet_ticks_ = 0;
  delay_ns_ = k_first_delay_ns;
}

void monitor::note_worker_runs() noexcept {
  real_env::fence();  // B2: pairs with M2
  if (asleep_.load(std::memory_order_relaxed) == 0) return;
  // release: pairs with the acquire in sleep_while_all_sleep.
  if (asleep_.exchange(0, std::memory_order_release) == 1) futex_wake_one(asleep_);
}

void monitor::wake() noexcept {
  // release: pairs with the acquire in nap().
  alarm_.fetch_add(1, std::memory_order_release);
  futex_wake_one(alarm_);
  note_worker_runs();
}

void monitor::nap() noexcept {
  const std::uint32_t seen = alarm_.load(std::memory_order_acquire);  // acquire: pairs with wake()
  if (home_.is_shut()) return;
  const deadline until = deadline::after(deadline::at(deadline::clock::now()), std::chrono::nanoseconds(delay_ns_));
  futex_wait_until(alarm_, seen, until);
}

}  // namespace weft::detail
