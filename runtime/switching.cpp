// Room: runtime. How a worker goes from one fiber to the next, on the stack of the one that leaves: pick, switch, and
// the fixed steps after it (rules: no lock is held across a switch, no user code runs here, nothing throws, and little
// stack is used). Next: worker.cpp, what happens at home.

#include "random.hpp"
#include "scheduler.hpp"
#include "this_worker.hpp"
#include "unparking.hpp"
#include "worker.hpp"

namespace weft::detail {

namespace {

#if defined(WEFT_ASAN) || defined(WEFT_TSAN)
constexpr bool k_shuffles = true;
#else
constexpr bool k_shuffles = false;
#endif

}  // namespace

WEFT_NO_TSAN worker* worker::leave(worker* w, fiber_block* fiber, after_switch step) noexcept {
  context& to = w->choose_target();
  fiber->registers.exceptions = *w->exceptions_.get();
  w->leaving_ = &fiber->registers;
  w->leaving_fiber_ = fiber;
  w->step_ = step;
  const arrival back = switch_context(fiber->registers, to, w, leaving::to_come_back);
  back.on->arrive(back.left);
  *back.on->exceptions_.get() = fiber->registers.exceptions;
  announce_acquire(fiber);
  return back.on;
}

WEFT_NO_TSAN void worker::leave_for_good(worker* w, fiber_block* fiber) noexcept {
  context& to = w->choose_target();
  w->leaving_ = &fiber->registers;
  w->leaving_fiber_ = fiber;
  w->step_ = after_switch::recycle;
  announce_release(w);
  announce_release(fiber->on.bottom);
  announce_release(fiber);
  (void)switch_context(fiber->registers, to, w, leaving::for_good);
  __builtin_unreachable();
}

// The next context of this worker, ready to be switched to; current_ says whose it is.
context& worker::choose_target() noexcept {
  fiber_block* const next = pick_next();
  if (next != nullptr && prepare(next)) {
    current_ = next;
    return next->registers;
  }
  current_ = nullptr;
  return own_;
}

WEFT_NO_TSAN void worker::clear_exceptions() noexcept { *exceptions_.get() = {}; }

WEFT_NO_TSAN void worker::arrive(void* left) noexcept {
  leaving_->saved = left;
  fiber_block* const fiber = leaving_fiber_;
  switch (step_.get()) {
    case after_switch::nothing: return;
    case after_switch::publish:
      if (fiber->word.publish() == must::make_ready) return make_ready(fiber);
      // "Cancelling", the waiter's half. The block may belong to another fiber by now; then the claim fails.
      if (fiber->is_cancel_requested()) [[unlikely]]
        cancel_wait(*fiber, home_);
      return;
    case after_switch::requeue: return enqueue(fiber);
    case after_switch::recycle: return recycle(fiber);
  }
}

fiber_block* worker::pick_next() noexcept {
  // Home looks around every so many turns; it then picks by pick_local.
  if (++turn - last_service_ >= turns_between_services_) return nullptr;
  return pick_local();
}

fiber_block* worker::pick_local() noexcept {
  // The next slot goes first (a ping-pong stays here), but not for ever in front of others.
  if (next_.load(std::memory_order_relaxed) != nullptr) {
    if (next_in_a_row_ < k_most_next_in_a_row || ring_.empty()) {
      ++next_in_a_row_;
      if (fiber_block* const fiber = take_next()) return fiber;
    }
  }
  next_in_a_row_ = 0;
  if (fiber_block* const fiber = ring_.pop()) return fiber;
  return has_next() ? take_next() : nullptr;  // a thief may have emptied the ring meanwhile
}

bool worker::is_alone() noexcept {
  return ++turn - last_service_ < turns_between_services_ && !has_next() && ring_.empty();
}

fiber_block* worker::take_next() noexcept {
  // acquire: the block as its waker left it; pairs with the exchange in make_ready.
  return next_.exchange(nullptr, std::memory_order_acquire);
}

void worker::make_ready(fiber_block* fiber) noexcept {
  if (k_shuffles && shuffle(fiber)) return;
  // acq_rel: publishes the block to the monitor (pairs with take_next), acquires the displaced one.
  fiber_block* const displaced = next_.exchange(fiber, std::memory_order_acq_rel);
  if (displaced != nullptr)
    enqueue(displaced);
  else if (ring_.empty())
    return;  // it runs here in a moment; a sleeper would come too late
  home_.wake_one_if_helpful();
}

// Under sanitizers half of the wake-ups go elsewhere than is fastest: other orders, and migrations, meet every test.
bool worker::shuffle(fiber_block* fiber) noexcept {
  switch (random() % 4) {
    case 0: home_.inject.push(fiber); break;
    case 1: enqueue(fiber); break;
    default: return false;
  }
  home_.wake_one_if_helpful();
  return true;
}

void worker::enqueue(fiber_block* fiber) noexcept {
  if (!ring_.push(fiber)) [[unlikely]]
    overflow(fiber);
}

void worker::overflow(fiber_block* fiber) noexcept {
  // Full: half of it goes to inject, in one chain, for whoever is short of work.
  fiber_block* half[128];
  const std::uint32_t count = ring_.take_half(half);
  for (std::uint32_t i = 1; i < count; ++i) half[i - 1]->link = half[i];
  if (count != 0) home_.inject.push_chain(half[0], half[count - 1], count);
  if (!ring_.push(fiber)) home_.inject.push(fiber);
  home_.wake_one_if_helpful();  // on their way from queue to queue they were in neither
}

// A fiber that has not run yet gets its stack now. False: there is none, and it waits in inject until one comes free.
bool worker::prepare(fiber_block* fiber) noexcept {
  if (fiber->life.load(std::memory_order_relaxed) == fiber_life::started) [[likely]]
    return true;  // relaxed: ours now
  announce_acquire(fiber);
  fiber->on = fiber->permit->take();
  if (!fiber->on) {
    home_.inject.push(fiber);
    return false;
  }
  make_context(fiber->registers, fiber->on);
  // relaxed: for this worker, and for those that the fiber is handed to; others take it as a hint.
  fiber->life.store(fiber_life::started, std::memory_order_relaxed);
  announce_release(fiber);
  return true;
}

void worker::recycle(fiber_block* fiber) noexcept {
  announce_acquire(fiber);
  destroy_context(fiber->registers);
  fiber->permit->give_back(fiber->on);
  fiber->permit->return_permit();
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
