// Room: runtime. See cancellation.hpp, and "Cancelling" in waiting_word.hpp for the wait that it ends.

#include <weft/runtime/cancellation.hpp>

#include <cstdio>

#include <weft/runtime/detail/scheduling_point.hpp>

#include "switching.hpp"
#include "terminate.hpp"
#include "this_worker.hpp"
#include "unparking.hpp"

namespace weft {

namespace detail {

struct cancelled_access {
  [[noreturn]] static void raise() { throw cancelled(); }
};

namespace {

constexpr std::uint32_t k_most_swallowed = 1000;

void spend_budget(fiber_block& fiber) noexcept {
  if (--fiber.budget != 0) [[likely]]
    return;
  fiber.budget = fiber.runs_on->home().operation_budget();
  yield_now(fiber);
}

void fiber_cancellation_point(fiber_block& fiber) {
  spend_budget(fiber);
  if (fiber.is_cancel_requested() && fiber.is_cancellable()) [[unlikely]]
    throw_cancelled();
}

}  // namespace

void yield_now(fiber_block& fiber) noexcept {
  worker* const w = fiber.runs_on;
  if (!w->is_alone()) worker::leave(w, &fiber, after_switch::requeue);
}

void switch_point() noexcept {
  if (fiber_block* const fiber = this_fiber_block()) spend_budget(*fiber);
}

void cancellation_point() {
  if (fiber_block* const fiber = this_fiber_block()) fiber_cancellation_point(*fiber);
}

void cancellation_point(waiter& self) {
  if (self.kind == waiter_kind::fiber) [[likely]]
    fiber_cancellation_point(static_cast<fiber_block&>(self));
}

waiter& cancellable_self() {
  fiber_block* const fiber = this_fiber_block();
  if (fiber == nullptr) [[unlikely]]
    return this_waiter();
  fiber_cancellation_point(*fiber);
  return *fiber;
}

void throw_cancelled() {
  fiber_block* const fiber = this_fiber_block();
  if (fiber != nullptr && ++fiber->swallowed == k_most_swallowed)
    std::fprintf(stderr,
                 "weft: %s was cancelled %u times and goes on: a handler swallows weft::cancelled; rethrow it\n",
                 describe(*fiber).c_str(), k_most_swallowed);
  cancelled_access::raise();
}

void request_stop(fiber_block* fiber) noexcept {
  const scheduling_points around;
  // seq_cst: "Cancelling", C1; pairs with is_cancel_requested.
  fiber->cancel_requested.store(true, std::memory_order_seq_cst);
  cancel_wait(*fiber,
              *fiber->home.load(std::memory_order_relaxed));  // relaxed: constant while the handle holds the block
}

shield_scope::shield_scope() noexcept {
  if (fiber_block* const fiber = this_fiber_block()) ++fiber->shields;
}

shield_scope::~shield_scope() {
  if (fiber_block* const fiber = this_fiber_block()) --fiber->shields;
}

}  // namespace detail

}  // namespace weft
