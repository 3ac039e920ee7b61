// Room: runtime. What is rare on the way from one fiber to the next; see switching.hpp.

#include "switching.hpp"

#include "random.hpp"

namespace weft::detail {

WEFT_NO_TSAN void worker::leave_for_good(worker* w, fiber_block* fiber) noexcept {
  context& to = w->choose_target();
  w->leaving_ = fiber;
  w->step_ = after_switch::recycle;
  announce_release(w);
  announce_release(fiber->on.bottom);
  announce_release(fiber);
  (void)switch_context(fiber->registers, to, w, leaving::for_good);
  __builtin_unreachable();
}

WEFT_NO_TSAN void worker::clear_exceptions() noexcept { *exceptions_.get() = {}; }

// Under sanitizers half of the wake-ups go elsewhere than is fastest: other orders, and migrations, meet every test.
bool worker::shuffle(fiber_block* fiber) noexcept {
  switch (random() % 4) {
    case 0: displace(fiber, fiber); return true;    // to inject
    case 1: displace(nullptr, fiber); return true;  // to the ring
    default: return false;
  }
}

// What remains to be done after `fiber` was put into the next slot and `other` came out: P1 to P3 of "Counting out".
void worker::displace(fiber_block* fiber, fiber_block* other) noexcept {
  if (other == fiber) return home_.make_ready_from_outside(fiber);
  if (other != nullptr) enqueue(other);
  home_.wake_one_if_helpful();  // it begins with the fence, P2
  if (next_.is_closed()) [[unlikely]]
    hand_over_ring();
}

// By the owner that is counted out, or by the monitor that counts it out: to inject, for whoever is short of work.
void worker::hand_over_ring() noexcept {
  for (fiber_block* fiber = ring_.steal_one(); fiber != nullptr; fiber = ring_.steal_one())
    home_.make_ready_from_outside(fiber);
}

void worker::overflow(fiber_block* fiber) noexcept {
  // Full: half of it goes to inject, for whoever is short of work.
  fiber_block* half[128];
  const std::uint32_t count = ring_.take_half(half);
  home_.inject.push(half, count);
  if (!ring_.push(fiber)) home_.inject.push(fiber);
  home_.wake_one_if_helpful();  // on their way from queue to queue they were in neither
}

// A fiber that has not run yet gets its stack now. False: there is none, and it waits until one of its size comes free
// (feed_one_starving), or until the kernel may have changed its mind (monitor::retry_starving).
bool worker::prepare(fiber_block* fiber) noexcept {
  announce_acquire(fiber);
  fiber->on = take_stack(*fiber->permit);
  if (!fiber->on) [[unlikely]] {
    announce_release(fiber);
    home_.starving.push(fiber);
    return false;
  }
  fiber->stack_mark = fiber->permit->mark_of(fiber->on);
  announce_acquire(fiber->on.bottom);  // from its last fiber: leave_for_good. Ours inherits it with its context
  make_context(fiber->registers, fiber->on);
  // relaxed: for this worker, and for those that the fiber is handed to; others take it as a hint.
  fiber->life.store(fiber_life::started, std::memory_order_relaxed);
  announce_release(fiber);
  if (home_.starving.size() != 0) [[unlikely]]
    feed_one_starving(*fiber->permit);
  return true;
}

stack worker::take_stack(stack_pool& from) noexcept { return stacks.serves(from) ? stacks.take() : from.take(); }

void worker::give_back_stack(stack_pool& to, const stack& used) noexcept {
  stacks.serves(to) ? stacks.give_back(used) : to.give_back({&used, 1}, 1);
}

// A stack of this size was just given back, or could be had. One tries for each: if that fails it waits again, and if
// not the next one follows it, so nothing spins.
void worker::feed_one_starving(const stack_pool& has_a_stack) noexcept {
  fiber_block* fiber = nullptr;
  if (home_.starving.take(&fiber, 1) == 0) return;
  if (fiber->permit.get() == &has_a_stack) return enqueue(fiber);
  home_.starving.push(fiber);
}

void worker::recycle(fiber_block* fiber) noexcept {
  announce_acquire(fiber);
  destroy_context(fiber->registers);
  stack_pool& stacks_of_its_size = *fiber->permit;
  fiber->stack_mark = 0;
  give_back_stack(stacks_of_its_size, fiber->on);
  fiber->on = {};
  fiber->life.store(fiber_life::finished, std::memory_order_relaxed);  // relaxed: a hint for dumps
  release_fiber(fiber);
  note_finished();
  if (home_.starving.size() != 0) [[unlikely]]
    feed_one_starving(stacks_of_its_size);
  if (home_.is_stopping()) home_.note_finished();
}

std::uint64_t worker::random() noexcept {
  const std::uint64_t state = random_state_ + 0x9e3779b97f4a7c15u;
  random_state_ = state;
  return split_mix_step(state);
}

}  // namespace weft::detail
