// Room: runtime. See stuck_watch.hpp.

#include "stuck_watch.hpp"

#include <algorithm>
#include <new>
#include <vector>

#include "own_threads.hpp"
#include "registry.hpp"
#include "scheduler.hpp"
#include "unparking.hpp"

namespace weft::detail {

namespace {

struct stuck_wait {
  fiber_block* fiber;
  std::uint64_t id;
  std::uint64_t generation = 0;  // 0: it is not stuck
  bool endable = false;
};

// The fiber is held still.
bool is_stuck(const fiber_block& fiber, const waiting_word<real_env>::sleep& wait) noexcept {
  if (wait.generation == 0 || wait.cancellable || fiber.calls_outside) return false;
  if (!wait.endable) return true;
  return (fiber.delivery & ~k_limited) == 0 && fiber.registers.exceptions.uncaught == 0;
}

// (To the race detector its stack and registers belong to another context of the same thread.)
WEFT_NO_TSAN stuck_wait look_at(fiber_block& fiber) noexcept {
  stuck_wait seen{&fiber, fiber.label.id()};
  if (!hold_still(fiber)) return seen;
  if (const auto wait = fiber.word.asleep(); is_stuck(fiber, wait)) {
    seen.generation = wait.generation;
    seen.endable = wait.endable;
  }
  let_go(fiber);
  return seen;
}

template <class F>
void for_each_left(const scheduler& home, F f) {
  fiber_slab().for_each([&](fiber_block& fiber) {
    // relaxed: only compared; the runtime lives, and so do its fibers until it has counted them.
    if (fiber.home.load(std::memory_order_relaxed) == &home && fiber.lives()) f(look_at(fiber));
  });
}

}  // namespace

std::chrono::milliseconds stuck_watch::look() noexcept {
  const sight seen = look_at_all();
  in_a_row_ = seen.all_are_stuck && seen.fibers != 0 && seen == last_ ? in_a_row_ + 1 : 0;
  last_ = seen;
  if (!seen.all_are_stuck) return k_pause * k_longer;
  try {
    if (!is_settled()) return k_pause;
    end_some();
  } catch (const std::bad_alloc&) {
    return k_pause;
  }
  in_a_row_ = 0;
  next_ends_ *= 2;
  return k_pause;
}

// T2. Of the threads that are not ours one is the caller, unless it is one of them.
bool stuck_watch::is_settled() const {
  if (in_a_row_ < k_looks) return false;
  if (next_ends_ > 1 || in_a_row_ >= k_looks_beside_others) return true;
  bool is_only_runtime = false;
  with_all_runtimes([&](const std::vector<scheduler*>& all) { is_only_runtime = all.size() == 1; });
  return is_only_runtime && !home_.is_inside() && all_tasks_are_known(1);
}

stuck_watch::sight stuck_watch::look_at_all() const noexcept {
  sight seen;
  for_each_left(home_, [&](const stuck_wait& each) {
    ++seen.fibers;
    seen.generations += each.generation;
    seen.all_are_stuck = seen.all_are_stuck && each.generation != 0;
  });
  seen.all_are_stuck = seen.all_are_stuck && seen.fibers == home_.live_fibers();
  return seen;
}

// T3.
void stuck_watch::end_some() const {
  std::vector<stuck_wait> waits;
  for_each_left(home_, [&](const stuck_wait& each) {
    if (each.endable) waits.push_back(each);
  });
  std::sort(waits.begin(), waits.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  if (waits.size() > next_ends_) waits.resize(next_ends_);
  for (const stuck_wait& each : waits)
    if (const claimed won = claim({each.fiber, each.generation}, wake_reason::cancelled)) unpark(won);
}

}  // namespace weft::detail
