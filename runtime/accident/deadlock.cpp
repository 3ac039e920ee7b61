// Room: runtime. See deadlock.hpp.

#include "deadlock.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/deadlock.hpp>
#include <weft/runtime/dump.hpp>
#include <weft/runtime/spawn.hpp>

#include "deadlock_watch.hpp"
#include "fiber_block.hpp"
#include "own_threads.hpp"
#include "registry.hpp"
#include "switching.hpp"
#include "this_worker.hpp"
#include "thread_waiter.hpp"

namespace weft {

deadlock::deadlock(const std::string& dump) : std::runtime_error("weft: all fibers are asleep - deadlock!\n" + dump) {}

}  // namespace weft

namespace weft::detail {

namespace {

// Any thread.
constinit std::atomic<std::uint64_t> g_looks{0};

using runtimes = std::vector<scheduler*>;

// A thread in await_main whose runtime wants an exception. In its frame; guarded by g_waiting_lock.
struct waiting_run {
  thread_waiter& who;
  bool is_deadlocked = false;
};
constinit std::mutex g_waiting_lock;
std::vector<waiting_run*>& all_waiting() {
  static auto* const all = new std::vector<waiting_run*>;  // never destroyed: a thread may be in run until the end
  return *all;
}

// D1 and D4.
struct sleepers {
  std::uint64_t fibers = 0;
  std::uint64_t threads = 0;
  std::uint64_t generations = 0;  // the sum
  std::uint64_t live = 0;
  std::uint64_t finished = 0;
  bool somebody_is_awake = false;

  friend bool operator==(const sleepers&, const sleepers&) = default;
  [[nodiscard]] bool are_all() const noexcept { return !somebody_is_awake && fibers != 0 && fibers == live; }
};

void add_fiber(const fiber_block& fiber, sleepers& to) noexcept {
  const fiber_life life = fiber.life.load(std::memory_order_relaxed);  // relaxed: the counts tell
  if (life != fiber_life::spawned && life != fiber_life::started) return;
  const auto wait = fiber.word.asleep();
  // relaxed: it lives, and so does its runtime, which is registered.
  const scheduler& home = *fiber.home.load(std::memory_order_relaxed);
  if (wait.generation == 0 || fiber.waits_timed || (wait.cancellable && fiber.is_cancel_requested_in(home))) {
    to.somebody_is_awake = true;
    return;
  }
  ++to.fibers;
  to.generations += wait.generation;
}

void add_threads(sleepers& found) {
  thread_slab().for_each([&](const thread_waiter& thread) {
    const auto wait = thread.word.asleep();
    if (wait.generation == 0 || !thread.waits_for_ever) return;
    ++found.threads;
    found.generations += wait.generation;
  });
}

sleepers look_through_waits(const runtimes& all) {
  sleepers found;
  fiber_slab().for_each([&](const fiber_block& fiber) { add_fiber(fiber, found); });
  add_threads(found);
  // After the walk: whoever was seen parked is seen to have spawned.
  for (const scheduler* each : all) {
    for (const auto& w : each->seats.all()) found.finished += w->finished();
    found.live += each->live_fibers();
  }
  return found;
}

// D2. relaxed: after the acquires of D1.
bool somebody_waits_for_others(const runtimes& all) noexcept {
  if (is_any_call_outside()) return true;
  return std::any_of(all.begin(), all.end(), [](const scheduler* each) {
    const poller* const p = each->installed_poller();
    return p != nullptr && p->has_waiters();
  });
}

enum class verdict : std::uint8_t {
  alive,          // whoever ends this runs a fiber, and then a monitor looks again
  plain_threads,  // alive because of threads that may end without a word
  asleep,         // for ever
};

// What a process looks like that is alive, and cheap to see; it proves nothing.
verdict guess(const runtimes& all) {
  const bool is_alive = somebody_waits_for_others(all) ||
                        std::any_of(all.begin(), all.end(), [](const auto* r) { return r->armed_timers() != 0; }) ||
                        std::all_of(all.begin(), all.end(), [](const auto* r) { return r->live_fibers() == 0; });
  if (is_alive) return verdict::alive;
  sleepers threads;
  add_threads(threads);
  return all_tasks_are_known(threads.threads) ? verdict::asleep : verdict::plain_threads;
}

// D1 to D4.
verdict judge(const runtimes& all) {
  if (const verdict first_look = guess(all); first_look != verdict::asleep) return first_look;
  const sleepers first = look_through_waits(all);
  if (!first.are_all() || somebody_waits_for_others(all)) return verdict::alive;
  if (!all_tasks_are_known(first.threads)) return verdict::plain_threads;
  return look_through_waits(all) == first ? verdict::asleep : verdict::alive;
}

// True if some thread in run was made to throw. Its wait is claimed like any other's.
bool wake_runs_that_throw() noexcept {
  bool woken = false;
  const std::scoped_lock lock(g_waiting_lock);
  for (waiting_run* each : all_waiting()) {
    const auto wait = each->who.word.asleep();
    if (wait.generation == 0) continue;
    const claimed won = claim({&each->who, wait.generation}, wake_reason::cancelled);
    if (!won) continue;
    each->is_deadlocked = woken = true;
    unpark(won);
  }
  return woken;
}

std::string dumped() {
  std::ostringstream text;
  dump(text);
  return text.str();
}

[[noreturn]] void end_process() {
  static std::atomic<bool> is_ending{false};
  // relaxed: one of the monitors that find it says so; the others have nothing left to do.
  while (is_ending.exchange(true, std::memory_order_relaxed)) ::pause();
  std::fprintf(stderr, "%s", deadlock(dumped()).what());
  std::fflush(nullptr);
  std::_Exit(2);
}

constexpr std::int64_t k_first_pause_ns = 20'000'000;
constexpr unsigned k_most_pauses = 8;  // each twice as long as the one before: five seconds in all

}  // namespace

deadline deadlock_watch::look() noexcept {
  verdict found = verdict::alive;
  bool some_throw = false;
  try {
    with_all_runtimes([&](const runtimes& all) {
      found = judge(all);
      if (found == verdict::asleep) some_throw = wake_runs_that_throw();
    });
  } catch (const std::bad_alloc&) {
    found = verdict::plain_threads;  // the walks need a little memory: later
  }
  // Without the registry's lock, which the dump takes: nobody moves any more.
  if (found == verdict::asleep && !some_throw) end_process();
  g_looks.fetch_add(1, std::memory_order_relaxed);  // relaxed: a figure
  if (found == verdict::alive || again_ == k_most_pauses) return deadline::never();
  const std::int64_t pause = k_first_pause_ns << again_++;
  return deadline::after(deadline::at(deadline::clock::now()), std::chrono::nanoseconds(pause));
}

std::uint64_t deadlock_watch::looks() noexcept { return g_looks.load(std::memory_order_relaxed); }  // relaxed: a figure

void await_main(scheduler& home, fiber_block* main) {
  if (!home.settings().throw_on_deadlock) {
    (void)join_fiber(main, false);
    return;
  }
  waiting_run mine{this_thread_waiter()};
  const auto enter = [&] {
    const std::scoped_lock lock(g_waiting_lock);
    all_waiting().push_back(&mine);
  };
  const auto leave = [&] {
    const std::scoped_lock lock(g_waiting_lock);
    std::erase(all_waiting(), &mine);
    return mine.is_deadlocked;
  };
  enter();
  try {
    (void)join_fiber(main, false);
  } catch (const cancelled&) {
    if (leave()) throw deadlock(dumped());
    throw;
  }
  (void)leave();
}

}  // namespace weft::detail
