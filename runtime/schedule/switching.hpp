#pragma once
// Room: runtime. How a worker goes from one fiber to the next, on the stack of the one that leaves: pick, switch, and
// the fixed steps after it (rules: no lock is held across a switch, no user code runs here, nothing throws, and little
// stack is used). What every park, unpark and yield runs is inline, so that it becomes one function in each of them;
// what is rare stands in switching.cpp. Next: worker.cpp, what happens at home.

#include "held_locks.hpp"
#include "scheduler.hpp"
#include "unparking.hpp"
#include "worker.hpp"

namespace weft::detail {

#if defined(WEFT_ASAN) || defined(WEFT_TSAN)
inline constexpr bool k_is_sanitized = true;
#else
inline constexpr bool k_is_sanitized = false;
#endif

WEFT_NO_TSAN inline worker* worker::leave(worker* w, fiber_block* fiber, after_switch step) noexcept {
  if constexpr (k_looks_for_held_locks) look_for_held_locks(*fiber);
  context& to = w->choose_target();
  fiber->registers.exceptions = *w->exceptions_.get();
  w->leaving_ = fiber;
  w->step_ = step;
  const arrival back = switch_context(fiber->registers, to, w, leaving::to_come_back);
  back.on->announce_met();
  back.on->arrive(back.left);
  *back.on->exceptions_.get() = fiber->registers.exceptions;
  announce_acquire(fiber);
  return back.on;
}

// The next context of this worker, ready to be switched to; current_ says whose it is.
inline context& worker::choose_target() noexcept { return target_for(pick_next()); }

inline context& worker::target_for(fiber_block* next) noexcept {
  if (next != nullptr && is_ready_to_run(next)) [[likely]] {
    current_ = next;
    next->runs_on = this;
    return next->registers;
  }
  current_ = nullptr;
  return own_;
}

WEFT_NO_TSAN inline void worker::arrive(void* left) noexcept {
  fiber_block* const fiber = leaving_;
  if (fiber == nullptr) {
    own_.saved = left;
    return;
  }
  fiber->registers.saved = left;
  switch (step_) {
    case after_switch::publish:
      if (fiber->word.publish() == must::make_ready) return make_ready(fiber);
      // "Cancelling", the waiter's half. The block may belong to another fiber by now; then the claim fails.
      if (fiber->needs_attention()) [[unlikely]]
        cancel_wait(*fiber, home_);
      return;
    case after_switch::requeue:
      requeue(fiber);
      if (next_.is_closed()) [[unlikely]]
        hand_over_ring();  // P3; who comes too late for it is looked after by the monitor
      return;
    case after_switch::recycle: return recycle(fiber);
  }
}

inline fiber_block* worker::pick_next() noexcept {
  // Home looks around every so many turns, and has pinned fibers; it then picks by pick_local.
  if (++turn >= next_visit_) [[unlikely]]
    return nullptr;
  return pick_local();
}

inline fiber_block* worker::pick_local() noexcept {
  // The next slot goes first (a ping-pong stays here), but not for ever in front of others.
  if (has_next()) {
    if (next_in_a_row_ < k_most_next_in_a_row || ring_.empty()) {
      ++next_in_a_row_;
      if (fiber_block* const fiber = take_next()) [[likely]]
        return fiber;
      if (next_.is_closed()) return nullptr;  // counted out: home knows what to do
    }
  }
  next_in_a_row_ = 0;
  if (fiber_block* const fiber = ring_.pop()) {
    if (fetches_ahead_) [[unlikely]]
      fetch_ahead();
    return fiber;
  }
  return has_next() ? take_next() : nullptr;  // a thief may have emptied the ring meanwhile
}

// One that has not run yet gets its stack first.
inline bool worker::is_ready_to_run(fiber_block* fiber) noexcept {
  if (fiber->life.load(std::memory_order_relaxed) == fiber_life::started) [[likely]]
    return true;  // relaxed: ours now
  return prepare(fiber);
}

inline bool worker::is_alone() noexcept { return !has_next() && ring_.empty() && ++turn < next_visit_; }

inline void worker::make_ready(fiber_block* fiber) noexcept {
  if (fiber->is_pinned()) [[unlikely]]
    return send_home(fiber);
  if (k_is_sanitized && shuffle(fiber)) return;
  fiber_block* const other = next_.put(fiber);
  // If nobody else is ready here, it runs in a moment; a sleeper would come too late.
  if (other != nullptr || !ring_.empty()) displace(fiber, other);
}

inline void worker::enqueue(fiber_block* fiber) noexcept {
  if (fiber->is_pinned()) [[unlikely]]
    return send_home(fiber);
  if (!ring_.push(fiber)) [[unlikely]]
    overflow(fiber);
}

inline void worker::requeue(fiber_block* fiber) noexcept {
  if (fiber->is_pinned()) [[unlikely]]
    return send_home(fiber);
  if (!ring_.push_leaving(fiber, k_kept_free_by_yields)) [[unlikely]]
    requeue_crowded(fiber);
}

// By the fiber itself, or by whoever runs on its stack.
inline bool fiber_block::is_cancel_requested() const noexcept {
  return is_cancel_requested_in(*home.load(std::memory_order_relaxed));  // relaxed: constant while the fiber runs
}

inline bool fiber_block::is_cancel_requested_in(const scheduler& runtime) const noexcept {
  // "Cancelling", the waiter's half after publish; pairs with attention_word::request and scheduler::stop.
  return attention.is_requested() || runtime.is_stopping_after_publish();
}

inline bool fiber_block::needs_attention() const noexcept {
  // relaxed: constant while the fiber runs; cancel_wait asks again.
  return attention.is_set() || home.load(std::memory_order_relaxed)->is_stopping_after_publish();
}

}  // namespace weft::detail
