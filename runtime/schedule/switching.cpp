// Room: runtime. What is rare on the way from one fiber to the next; see switching.hpp.

#include "switching.hpp"

#include "random.hpp"

namespace weft::detail {

WEFT_NO_TSAN void worker::finish(worker* w, fiber_block* fiber) noexcept {
  fiber_block* const next = w->pick_next();
  if (next != nullptr && w->may_inherit(*next, *fiber)) return w->inherit(next, fiber);
  context& to = w->target_for(next);
  w->leaving_ = fiber;
  w->step_ = after_switch::recycle;
  announce_release(w);
  announce_release(fiber->on.bottom);
  announce_release(fiber);
  (void)switch_context(fiber->registers, to, w, leaving::for_good);
  __builtin_unreachable();
}

// Sanitizers know a fiber by its stack.
bool worker::may_inherit(const fiber_block& fresh, const fiber_block& finished) const noexcept {
  // relaxed: ours; see prepare.
  return !has_asan() && !has_tsan() && fresh.life.load(std::memory_order_relaxed) == fiber_life::spawned &&
         fresh.permit.get() == finished.permit.get() && home_.starving.size() == 0;
}

// No switch, no new context: the frames of `finished` are gone but for the one that runs fibers.
void worker::inherit(fiber_block* fresh, fiber_block* finished) noexcept {
  fresh->on = finished->on;
  hand_stack_over(finished->registers, fresh->registers);
  fresh->stack_mark = finished->stack_mark.get();
  fresh->life.store(fiber_life::started, std::memory_order_relaxed);  // relaxed: as in prepare
  fresh->runs_on = this;
  current_ = fresh;
  return_permit(this, *finished->permit);
  end(finished);
}

WEFT_NO_TSAN void worker::clear_exceptions() noexcept { *exceptions_.get() = {}; }

// Under sanitizers half of the wake-ups go elsewhere than is fastest: other orders, and migrations, meet every test.
bool worker::shuffle(fiber_block* fiber) noexcept {
  if (home_.is_simulated()) return false;  // a seed means the same in every build
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

namespace {

// Lines of a cache.
template <std::size_t Count>
void fetch(const void* first) noexcept {
  for (std::size_t i = 0; i < Count; ++i) __builtin_prefetch(static_cast<const std::byte*>(first) + 64 * i);
}

}  // namespace

// "Fetching ahead" (worker.cpp). A thief may have them by now; but their blocks stay blocks for ever, and whatever
// stands at an address, fetching it does no harm.
WEFT_NO_TSAN void worker::fetch_ahead() noexcept {
  if (const fiber_block* const after_next = ring_.ahead(1)) fetch<2>(after_next);
  if (const fiber_block* const next = ring_.ahead(0)) fetch<4>(next->registers.saved);
}

// To inject, for whoever is short of work.
bool worker::hand_over_ring(std::uint32_t most) noexcept {
  std::uint32_t moved = 0;
  for (fiber_block* fiber = nullptr; moved < most && (fiber = ring_.steal_one()) != nullptr; ++moved)
    home_.make_ready_from_outside(fiber);
  return moved != 0;
}

void worker::overflow(fiber_block* fiber) noexcept {
  // Full: half of it goes to inject, for whoever is short of work.
  fiber_block* half[128];
  const std::uint32_t count = ring_.take_half(half);
  home_.inject.push_spilled(half, count);
  if (!ring_.push(fiber)) home_.inject.push(fiber);
  home_.wake_one_if_helpful();  // on their way from queue to queue they were in neither
}

// Whoever waits in inject came before a fiber that yields now, and it goes behind them.
void worker::requeue_crowded(fiber_block* fiber) noexcept {
  if (home_.inject.size() == 0) return enqueue(fiber);
  home_.inject.push(fiber);
  home_.wake_one_if_helpful();  // on its way it was in neither
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
  announce_acquire(fiber->on.bottom);  // from its last fiber: finish. Ours inherits it with its context
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
  if (home_.starving.take_fresh(&fiber, 1, inject_queue::spilled::newest) == 0) return;
  if (fiber->permit.get() == &has_a_stack)
    home_.make_ready_from_outside(fiber);
  else
    home_.starving.push(fiber);
}

void worker::recycle(fiber_block* fiber) noexcept {
  announce_acquire(fiber);
  destroy_context(fiber->registers);
  stack_pool& stacks_of_its_size = *fiber->permit;
  give_back_stack(stacks_of_its_size, fiber->on);
  end(fiber);
  if (home_.starving.size() != 0) [[unlikely]]
    feed_one_starving(stacks_of_its_size);
}

// Without its stack, and without its permit.
void worker::end(fiber_block* fiber) noexcept {
  fiber->stack_mark = 0;
  fiber->on = {};
  fiber->life.store(fiber_life::finished, std::memory_order_relaxed);  // relaxed: a hint for dumps
  release_fiber(fiber);
  note_finished();
  if (home_.is_stopping()) home_.note_finished();
}

std::uint64_t worker::random() noexcept {
  const std::uint64_t state = random_state_ + 0x9e3779b97f4a7c15u;
  random_state_ = state;
  return split_mix_step(state);
}

}  // namespace weft::detail
