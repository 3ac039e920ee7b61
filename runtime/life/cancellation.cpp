// Room: runtime. See cancellation.hpp, and "Cancelling" in waiting_word.hpp for the wait that it ends.

#include <weft/runtime/cancellation.hpp>

#include <cstdint>
#include <cstdio>

#include <weft/runtime/detail/check.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/runtime/spawn.hpp>

#include "cancelling.hpp"
#include "describe.hpp"
#include "fiber_extension.hpp"
#include "handler_stack.hpp"
#include "switching.hpp"
#include "this_worker.hpp"
#include "unparking.hpp"

namespace weft {

namespace detail {

struct cancelled_access {
  [[noreturn]] static void raise() { throw cancelled(); }
};

namespace {

constexpr std::uint32_t k_most_swallowed = 1000;

// In a signal handler on a stack of its own, which is the thread's: whoever ran there next would have its signals come
// over this one's frames. The stack pointer alone does not tell: users run coroutines on stacks of theirs.
bool is_in_handler(const fiber_block& fiber) noexcept {
  const auto top = reinterpret_cast<std::uintptr_t>(fiber.on.top());
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  return top - here >= fiber.on.usable && handler_stack::is_in_use();
}

[[gnu::noinline]] void spend_the_last(fiber_block& fiber) noexcept {
  fiber.budget = fiber.runs_on->home().operation_budget();
  if (!is_in_handler(fiber)) yield_now(fiber);
}

void spend_budget(fiber_block& fiber) noexcept {
  if (--fiber.budget == 0) [[unlikely]]
    spend_the_last(fiber);
}

[[gnu::noinline]] fiber_block& deliver_if_due(fiber_block& fiber) {
  if (is_cancellation_due(fiber)) throw_cancelled();
  return fiber;
}

fiber_block& fiber_cancellation_point(fiber_block& fiber) {
  spend_budget(fiber);
  if (fiber.needs_attention()) [[unlikely]]
    return deliver_if_due(fiber);
  return fiber;
}

}  // namespace

void yield_now(fiber_block& fiber) noexcept {
  worker* const w = fiber.runs_on;
  if (!w->is_alone()) worker::leave(w, &fiber, after_switch::requeue);
}

bool switch_point() noexcept {
  fiber_block* const fiber = this_fiber_block();
  if (fiber == nullptr) return false;
  spend_budget(*fiber);
  return true;
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
  return fiber_cancellation_point(*fiber);
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
  fiber->attention.request();             // "Asking to end", A1; and "Cancelling", C1
  stop_source_of(*fiber).request_stop();  // A2
  cancel_wait(*fiber,
              *fiber->home.load(std::memory_order_relaxed));  // A3; relaxed: constant while the handle holds the block
}

shield_scope::shield_scope() noexcept {
  if (fiber_block* const fiber = this_fiber_block()) ++fiber->delivery;
}

shield_scope::~shield_scope() {
  if (fiber_block* const fiber = this_fiber_block()) --fiber->delivery;
}

}  // namespace detail

shield_guard::shield_guard() noexcept
    : fiber_(detail::this_fiber_block()), scope_(fiber_ != nullptr ? fiber_->scope : nullptr) {
  if (fiber_ != nullptr) ++fiber_->delivery;
}

shield_guard::~shield_guard() {
  WEFT_CHECK(fiber_ == detail::this_fiber_block(),
             "shield_guard: destroyed by another fiber than the one that made it: let it live in a scope of that one");
  if (fiber_ == nullptr) return;
  WEFT_CHECK(
      fiber_->scope == scope_,
      "shield_guard: destroyed inside or outside of the time limit in which it was made: let it live in one scope "
      "with it");
  --fiber_->delivery;
}

}  // namespace weft
