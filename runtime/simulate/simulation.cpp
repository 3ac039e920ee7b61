// Room: runtime. See simulation.hpp.

#include "simulation.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <thread>

#include <weft/runtime/deadlock.hpp>
#include <weft/runtime/detail/check.hpp>
#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/runtime/dump.hpp>
#include <weft/runtime/simulate.hpp>

#include "describe.hpp"
#include "quantity_text.hpp"
#include "settings.hpp"
#include "simulation_border.hpp"
#include "switching.hpp"
#include "this_worker.hpp"
#include "unparking.hpp"

namespace weft::detail {

constinit std::atomic<std::uint32_t> g_simulations{0};

namespace {

// Far enough from the epoch for a program that looks back by an hour.
constexpr std::int64_t k_beginning_ns = std::int64_t{24} * 3600 * 1'000'000'000;

options settings_for(std::uint64_t seed) {
  static const std::size_t stack_size = settle_options({.workers = 1}).stack_size;  // reads the environment
  return {.workers = 1, .stack_size = stack_size, .seed = seed, .throw_on_deadlock = true};
}

std::string dumped() {
  std::ostringstream text;
  dump(text);
  return text.str();
}

}  // namespace

simulation::simulation(std::uint64_t seed, const simulation_options& wanted)
    : seed_(seed),
      most_steps_(wanted.most_steps),
      now_(k_beginning_ns),
      home_(settings_for(seed), this, this),
      worker_(home_.seats.in_seat(0)),
      choices_(wanted.last_choices) {
  worker_.begin_simulated();
  g_simulations.fetch_add(1, std::memory_order_relaxed);  // relaxed: is_anything_simulated
}

simulation::~simulation() {
  (void)home_.stop();
  g_simulations.fetch_sub(1, std::memory_order_relaxed);  // relaxed: as above
  worker_.end_simulated();
}

void simulation::run_until_done(const fiber_block& main) {
  while (!main.joining.is_done()) {
    const verdict found = step();
    if (found == verdict::goes_on) continue;
    note_failure(found);
    (void)home_.stop();
    throw_failure();
  }
}

void simulation::end() {
  (void)home_.stop();
  if (failure_ != verdict::goes_on) throw_failure();
}

// --- "Choosing".

simulation::verdict simulation::step() noexcept {
  if (++steps_ > most_steps_) return verdict::endless;
  fiber_block* const next = choose();
  if (next == nullptr) return verdict::asleep;
  choices_.note(*next);
  worker_.run_simulated(next);
  return verdict::goes_on;
}

// Null: all are asleep.
fiber_block* simulation::choose() noexcept {
  for (;;) {
    collect_ready();
    collect_due();
    if (ready_.empty() && due_.empty()) {
      if (!move_time() && !retry_starving()) return nullptr;
      continue;
    }
    if (fiber_block* const fiber = draw()) return fiber;
  }
}

// Z1.
void simulation::collect_ready() noexcept {
  while (fiber_block* const fiber = worker_.take_any_ready()) ready_.push_back(fiber);
}

// Z2. Waits that have ended otherwise are forgotten, so there is at most one for each fiber.
void simulation::collect_due() noexcept {
  if (worker_.timers.earliest() > home_.now()) return;
  std::erase_if(due_, [](const timer_queue::due& each) {
    return static_cast<const waiter*>(each.node)->word.asleep().generation != each.generation;
  });
  timer_queue::due next;
  while (worker_.timers.pop_due(home_.now(), next)) due_.push_back(next);
}

// Z3. Null: it was a wait that has ended otherwise.
fiber_block* simulation::draw() noexcept {
  const std::size_t index = random_below(static_cast<std::uint32_t>(ready_.size() + due_.size()));
  if (index < ready_.size()) {
    std::swap(ready_[index], ready_.back());
    fiber_block* const fiber = ready_.back();
    ready_.pop_back();
    return fiber;
  }
  std::swap(due_[index - ready_.size()], due_.back());
  const timer_queue::due next = due_.back();
  due_.pop_back();
  const claimed won = claim({static_cast<waiter*>(next.node), next.generation}, wake_reason::timed_out);
  return won ? settle(won, home_) : nullptr;
}

// Z4.
bool simulation::move_time() noexcept {
  const deadline next = worker_.timers.earliest();
  if (next.is_never()) return false;
  now_ = next.nanoseconds();
  return true;
}

// Stacks are the machine's, and may come in real time.
bool simulation::retry_starving() noexcept {
  fiber_block* fiber = nullptr;
  if (home_.starving.take_fresh(&fiber, 1, inject_queue::spilled::newest) == 0) return false;
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ready_.push_back(fiber);
  return true;
}

// --- "The end of a simulation".

void simulation::unwind_all() noexcept {
  choices_.close();
  if (home_.live_fibers() == 0) return;
  steps_ = 0;
  cancel_in_order();
  for (;;) {
    verdict found = verdict::goes_on;
    while (home_.live_fibers() != 0 && found == verdict::goes_on) found = step();
    if (found == verdict::goes_on) return;
    if (failure_ == verdict::goes_on) note_failure(found);
    if (found == verdict::endless || !end_one_wait()) end_process();
  }
}

void simulation::cancel_in_order() noexcept {
  for (fiber_block* const fiber : left_in_order()) cancel_wait(*fiber, home_);
}

// Not under an exception in flight: another one out of a destructor would be the end.
bool simulation::end_one_wait() noexcept {
  for (fiber_block* const fiber : left_in_order()) {
    const auto wait = fiber->word.asleep();
    if (wait.generation == 0 || !wait.endable || fiber->registers.exceptions.uncaught != 0) continue;
    if (const claimed won = claim({fiber, wait.generation}, wake_reason::cancelled)) {
      unpark(won);
      return true;
    }
  }
  return false;
}

std::vector<fiber_block*> simulation::left_in_order() const {
  std::vector<fiber_block*> left;
  fiber_slab().for_each([&](fiber_block& fiber) {
    // relaxed: those of this runtime do not move meanwhile, and the others are not looked at.
    if (fiber.home.load(std::memory_order_relaxed) == &home_ && fiber.lives()) left.push_back(&fiber);
  });
  std::sort(left.begin(), left.end(),
            [](const fiber_block* a, const fiber_block* b) { return a->label.id() < b->label.id(); });
  return left;
}

void simulation::note_failure(verdict why) {
  failure_ = why;
  const std::string seed = std::to_string(seed_);
  failure_text_ =
      "seed=" + seed + ": weft::simulate({.seed = " + seed + "}, f) does it again\n" + choices_.in_words() + dumped();
}

void simulation::throw_failure() {
  if (failure_ == verdict::asleep) throw deadlock(failure_text_);
  throw livelock("weft: " + count_in_words(most_steps_, "step") + " of a simulation and no end - livelock!\n" +
                 failure_text_);
}

void simulation::end_process() const {
  std::fprintf(stderr,
               "weft: a simulation cannot end: fibers are left that are cancelled, and neither end nor can be ended "
               "(they swallow weft::cancelled, or wait in a destructor)\n%s",
               failure_text_.c_str());
  // By name: the dump was told above.
  for (const fiber_block* const each : left_in_order())
    std::fprintf(stderr, "weft: what is left: %s\n", describe(*each).c_str());
  std::fflush(nullptr);
  std::_Exit(2);
}

// --- Doors.

void let_simulation_choose() noexcept {
  fiber_block* const fiber = this_fiber_block();
  if (fiber != nullptr && fiber->simulated) worker::leave(fiber->runs_on, fiber, after_switch::requeue);
}

void check_wake_stays_inside(const scheduler* home) noexcept {
  const worker* const w = this_worker();
  const scheduler* const by = w != nullptr ? &w->home() : nullptr;
  if (by == home) return;
  WEFT_CHECK(home == nullptr || !home->is_simulated(),
             "simulate: a simulated fiber is woken from outside, by another thread or runtime, so no seed could replay "
             "it; let a fiber inside do what wakes it");
  WEFT_CHECK(by == nullptr || !by->is_simulated(),
             "simulate: a simulated fiber wakes a plain thread, or a fiber of another runtime, so no seed could replay "
             "it; let the one who waits be a fiber inside");
}

}  // namespace weft::detail
