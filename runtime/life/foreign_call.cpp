// Room: runtime. See detail/foreign_call.hpp. A foreign lock counts as so many pins: fiber_block::pins has both counts.

#include <weft/runtime/detail/foreign_call.hpp>

#include "fiber_block.hpp"
#include "this_worker.hpp"
#include "worker.hpp"

namespace weft::detail {

namespace {
constexpr std::uint32_t k_one_lock = 1u << 16;

// As fiber_block::pin and unpin do for the first and the last of pins; here, for they are part of a lock's price.
void begin_staying(fiber_block& fiber) noexcept {
  fiber.pinned_to = static_cast<std::uint16_t>(fiber.runs_on->index);
  fiber.pinned = true;
}
void end_staying(fiber_block& fiber) noexcept {
  fiber.pinned = false;
  fiber.pinned_to = fiber_block::k_to_none;
}

}  // namespace

foreign_caller this_foreign_caller() noexcept {
  const fiber_block* const fiber = this_fiber_block();
  if (fiber == nullptr) return {};
  const worker& w = *fiber->runs_on;
  const auto top = reinterpret_cast<std::uintptr_t>(fiber->on.top());
  return {fiber->label.id(), w.thread_id, top - fiber->on.usable, top};
}

std::uint64_t this_foreign_fiber() noexcept {
  const fiber_block* const fiber = this_fiber_block();
  return fiber != nullptr ? fiber->label.id() : 0;
}

std::uint64_t hold_foreign_lock() noexcept {
  fiber_block* const fiber = this_fiber_block();
  if (fiber == nullptr) return 0;
  const std::uint32_t before = fiber->pins;
  fiber->pins = before + k_one_lock;
  if (before == 0) begin_staying(*fiber);
  return fiber->label.id();
}

bool release_foreign_lock() noexcept {
  fiber_block* const fiber = this_fiber_block();
  if (fiber == nullptr) return false;
  const std::uint32_t before = fiber->pins;
  if (before < k_one_lock) return true;  // locked by another
  fiber->pins = before - k_one_lock;
  if (before == k_one_lock) end_staying(*fiber);
  return true;
}

}  // namespace weft::detail
