// Room: runtime. Pinned fibers: who pins one, and how it comes back to its worker. See pin_guard.hpp and inbox.hpp.

#include <weft/runtime/pin_guard.hpp>

#include <algorithm>

#include <weft/runtime/detail/check.hpp>

#include "switching.hpp"
#include "this_worker.hpp"

namespace weft {

pin_guard::pin_guard() noexcept : fiber_(detail::this_fiber_block()) {
  if (fiber_ != nullptr) fiber_->pin();
}

pin_guard::~pin_guard() {
  WEFT_CHECK(fiber_ == detail::this_fiber_block(), "pin_guard: destroyed by another fiber than the one that made it");
  if (fiber_ != nullptr) fiber_->unpin();
}

}  // namespace weft

namespace weft::detail {

void fiber_block::pin() noexcept {
  if (pins++ != 0) return;
  pinned_to = static_cast<std::uint16_t>(runs_on->index | (runs_on->is_lent() ? k_alone : 0));
  pinned = true;
  if (runs_on->is_lent()) runs_on->keep();
}

void fiber_block::unpin() noexcept {
  if (--pins != 0) return;
  pinned = false;
  pinned_to = k_to_none;
  if (runs_on->is_lent()) runs_on->let_go();  // L4
}

// L2, L3.
void fiber_block::move_to(worker& lent) noexcept {
  pins = 1;
  pinned_to = static_cast<std::uint16_t>(lent.index | k_alone);
  pinned = true;
  worker::leave(runs_on, this, after_switch::requeue);
}

std::optional<unsigned> fiber_block::worker_pinned_to() const noexcept {
  const std::uint16_t to = pinned_to;
  return to < k_to_the_first ? std::optional<unsigned>(to & ~unsigned{k_alone}) : std::nullopt;
}

bool fiber_block::has_own_thread() const noexcept {
  const std::uint16_t to = pinned_to;
  return to < k_to_the_first && (to & k_alone) != 0;
}

// Of one that is pinned, and that the caller has made ready: it stays so until it is in the inbox.
worker& scheduler::pinned_home_of(const fiber_block& fiber) const noexcept {
  return *seats.all()[fiber.pinned_to & ~unsigned{fiber_block::k_alone}];
}

// "Sending home". The fiber may run, and end, before this returns.
void worker::send_home(fiber_block* fiber) noexcept {
  worker& to = home_.pinned_home_of(*fiber);
  if (&to == this) return inbox_.push(fiber);
  to.receive(fiber);
}

void worker::receive(fiber_block* fiber) noexcept {
  inbox_.send(fiber);
  if (!is_running()) wake();  // P3, P4
}

// Those that arrived together have their turn one after the other, each as soon as the one before has left; then the
// others have theirs until the next service, and one at least: the service may have come meanwhile, or come after each
// turn, and those that are pinned have all come back by then. Null: none is ready.
fiber_block* worker::take_pinned() noexcept {
  fiber_block* const fiber = inbox_.take();
  next_visit_ = inbox_.has_due() ? 0 : std::max(next_service_.get(), turn + 2);
  return fiber;
}

// O2 to O4. Null: it has a seat, or a pinned fiber has arrived, or the runtime is shut.
fiber_block* worker::work_without_a_seat() noexcept {
  if (is_lent()) return work_for_one();
  if (searching_) stop_searching(false);
  hand_over_ring();
  home_.wake_one_if_helpful();  // as W7 of "Waking": somebody may have relied on our search, or on our poll turn
  if (fiber_block* const fiber = take_pinned()) {
    note_time();
    return fiber;
  }
  home_.note_worker_runs();  // the monitor may sleep, and this worker have run the last fiber that could wake others
  be_a_spare();
  return nullptr;
}

// "Lending a thread", K1 to K4. Nobody relies on it, for it neither searches nor polls, and its ring is empty: its slot
// is closed, so P3 of "Counting out" emptied it. Null: as above.
fiber_block* worker::work_for_one() noexcept {
  if (fiber_block* const fiber = take_pinned()) {
    note_time();
    return fiber;
  }
  home_.note_worker_runs();  // as above
  flush_magazine();
  stacks.flush();
  if (!is_kept()) home_.seats.rest(*this);
  wait_for_its_fiber();
  return nullptr;
}

void worker::wait_for_its_fiber() noexcept {
  while (!home_.is_shut()) {
    real_env::fence();  // Q2, as in wait_for_a_seat: its standing never changes
    if (inbox_.has_arrived()) return;
    parker_.wait_until(deadline::never());
  }
}

}  // namespace weft::detail
