// Room: runtime. See fiber_sight.hpp.

#include "fiber_sight.hpp"

#include <algorithm>

#include <weft/runtime/detail/lock_note.hpp>

#include "registry.hpp"
#include "scheduler.hpp"
#include "stack_walk.hpp"
#include "unparking.hpp"

namespace weft::detail {

namespace {

// "Telling a lock", R2. The holder's block is of a slab, and so is there even if it has gone on to be another's.
WEFT_NO_TSAN void read_note(const fiber_block& fiber, fiber_sight& to) noexcept {
  const std::uint32_t depth = fiber.note_depth;
  if (depth == 0) return;
  const auto& note = *reinterpret_cast<const lock_note*>(static_cast<std::byte*>(fiber.on.top()) - depth);
  to.lock = note.lock;
  // relaxed: a hint; who it names has stored it itself.
  const void* const owner = note.owner != nullptr ? note.owner->load(std::memory_order_relaxed) : nullptr;
  if (owner == nullptr) return;
  const waiter& holder = *static_cast<const waiter*>(owner);
  if (holder.kind == waiter_kind::thread) {
    to.is_holder_known = true;
    return;
  }
  fiber_label::copy label;
  to.is_holder_known = static_cast<const fiber_block&>(holder).label.read(label);
  if (to.is_holder_known) to.by = label;
}

// The fiber is held still: it is parked, and neither it nor its runtime can end. (To the race detector its stack and
// its registers belong to another context of the same thread.)
WEFT_NO_TSAN void look_at_parked(fiber_block& fiber, fiber_sight& to) noexcept {
  // relaxed: constant while the fiber lives.
  const scheduler& home = *fiber.home.load(std::memory_order_relaxed);
  if (fiber.waits_for != nullptr) to.age = std::max<std::int64_t>(0, home.now().nanoseconds() - fiber.waits_since);
  read_note(fiber, to);
  to.frame_count = walk_parked(fiber.registers, fiber.on, to.frames);
}

// Of one that is not held still. Hints, all of them.
void note_state(const fiber_block& fiber, std::span<const running_fiber> running, fiber_sight& to) noexcept {
  const auto on = std::find_if(running.begin(), running.end(), [&](const auto& r) { return r.fiber == &fiber; });
  if (fiber.word.state() == wait_state::parked) {  // a simulated one, seen from outside; or two dumps meet
    to.is = fiber_sight::state::parked;
  } else if (on != running.end()) {
    to.is = fiber_sight::state::running;
    to.worker = on->worker;
    to.waits_for = nullptr;
  } else {
    // relaxed: a hint.
    const bool has_begun = fiber.life.load(std::memory_order_relaxed) != fiber_life::spawned;
    to.is = has_begun ? fiber_sight::state::ready : fiber_sight::state::not_begun;
  }
}

}  // namespace

std::vector<running_fiber> all_running() {
  std::vector<running_fiber> running;
  for_each_runtime([&](scheduler& home) {
    for (const auto& each : home.seats.all())
      if (const fiber_block* const fiber = each->current()) running.push_back({fiber, each->index});
  });
  return running;
}

// To the race detector as one that is parked; and queues, which switches hide from it, order who prepared the stack
// before this look, and the look before who gives it back.
WEFT_NO_TSAN std::optional<fiber_sight> look_at_ready_one(fiber_block& fiber) {
  announce_acquire(&fiber);
  fiber_sight seen;
  if (!fiber.label.read(seen.label)) return std::nullopt;
  seen.pinned_to = fiber.worker_pinned_to();
  seen.has_own_thread = fiber.has_own_thread();
  seen.waits_for = fiber.waits_for;
  seen.frame_count = walk_parked(fiber.registers, fiber.on, seen.frames);
  announce_release(&fiber);
  return seen;
}

std::optional<fiber_sight> look_at(fiber_block& fiber, std::span<const running_fiber> running) {
  if (!fiber.lives()) return std::nullopt;
  fiber_sight seen;
  const bool held = hold_still(fiber);
  const bool named = fiber.label.read(seen.label);
  seen.pinned_to = fiber.worker_pinned_to();
  seen.has_own_thread = fiber.has_own_thread();
  seen.waits_for = fiber.waits_for;
  if (held) {
    seen.is = fiber_sight::state::parked;
    look_at_parked(fiber, seen);
    let_go(fiber);
  } else {
    note_state(fiber, running, seen);
  }
  return named ? std::optional(seen) : std::nullopt;
}

}  // namespace weft::detail
