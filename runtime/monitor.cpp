// Room: runtime. See monitor.hpp.

#include "monitor.hpp"

#include <algorithm>
#include <csignal>

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "switching.hpp"
#include "unparking.hpp"

namespace weft::detail {

namespace {

constexpr std::int64_t k_first_delay_ns = 50'000;
constexpr std::int64_t k_longest_delay_ns = 10'000'000;
// While sleepers could help, what busy workers leave undone waits no longer than this.
constexpr std::int64_t k_longest_delay_beside_sleepers_ns = 1'000'000;
constexpr std::int64_t k_quiet_delay_ns = 2'000'000;
constexpr unsigned k_quiet_ticks = 10;

}  // namespace

void monitor::run() noexcept {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  ::prctl(PR_SET_NAME, "weft-netpoll");
  thread_id = static_cast<int>(::syscall(SYS_gettid));
  turns_seen_.assign(home_.workers().size(), 0);
  delay_ns_ = k_first_delay_ns;
  while (!home_.is_shut()) {
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
  const bool found = static_cast<int>(look()) + static_cast<int>(expire_due()) +
                         static_cast<int>(relieve_next_slots()) + static_cast<int>(wake_for_waiting()) !=
                     0;
  const bool sleepers = home_.idle.sleeping_hint() != 0;
  const std::int64_t longest = sleepers ? k_longest_delay_beside_sleepers_ns : k_longest_delay_ns;
  delay_ns_ = found ? k_first_delay_ns : std::min(delay_ns_ * 2, longest);
}

bool monitor::look() noexcept {
  poller* const p = home_.installed_poller();
  if (p == nullptr || !p->has_waiters()) return false;
  const std::int64_t at = home_.now().nanoseconds();
  for (const auto& each : home_.workers())
    if (at - each->last_look < delay_ns_) return false;
  if (!home_.turn.try_take()) return false;
  p->poll(deadline::from_nanoseconds(0), batch_);
  home_.turn.release_for_others();
  const bool found = batch_.size() != 0;
  for (const claimed& won : batch_) unpark(won);
  batch_.clear();
  // "Handing over", L3: a worker may have fallen asleep without the turn meanwhile.
  if (all_sleep())
    if (const int picked = home_.idle.pick_any_to_wake(); picked >= 0)
      home_.workers()[static_cast<std::size_t>(picked)]->wake();
  return found;
}

bool monitor::expire_due() noexcept {
  bool found = false;
  for (const auto& each : home_.workers()) {
    while (claim_due(each->timers, home_.now(), batch_)) {
      found = true;
      for (const claimed& won : batch_) unpark(won);
      batch_.clear();
    }
  }
  return found;
}

bool monitor::relieve_next_slots() noexcept {
  bool found = false;
  for (std::size_t i = 0; i < turns_seen_.size(); ++i) {
    worker& w = *home_.workers()[i];
    const std::uint64_t turn = w.turn;
    if (turn == turns_seen_[i] && w.has_next()) {
      if (fiber_block* const fiber = w.take_next()) {
        found = true;
        home_.make_ready_from_outside(fiber);
      }
    }
    if (turn == turns_seen_[i] && w.has_surplus() && home_.idle.sleeping_hint() == 0) found = relieve_ring(w) || found;
    turns_seen_[i] = turn;
  }
  return found;
}

// Half of it, for workers that are busy, and so steal nothing, but look at inject.
bool monitor::relieve_ring(worker& stuck) noexcept {
  fiber_block* fiber = stuck.steal_into(stolen_);
  const bool found = fiber != nullptr;
  for (; fiber != nullptr; fiber = stolen_.pop()) home_.make_ready_from_outside(fiber);
  return found;
}

bool monitor::wake_for_waiting() noexcept {
  if (home_.idle.sleeping_hint() == 0 || !home_.work_in_sight()) return false;
  home_.wake_one_if_helpful();
  return true;
}

bool monitor::all_sleep() const noexcept { return home_.idle.sleeping_hint() == home_.workers().size(); }

// "Going to sleep".
void monitor::sleep_while_all_sleep() noexcept {
  asleep_.store(1, std::memory_order_relaxed);  // relaxed: ordered by the fence
  real_env::fence();                            // M2: pairs with the fence of note_worker_runs
  if (all_sleep() && !home_.is_shut())
    while (asleep_.load(std::memory_order_acquire) == 1)
      futex_wait(asleep_, 1);  // acquire: pairs with note_worker_runs
  asleep_.store(0, std::memory_order_relaxed);
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
