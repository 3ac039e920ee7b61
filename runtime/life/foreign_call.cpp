// Room: runtime. See detail/foreign_call.hpp. A foreign lock counts as so many pins: fiber_block::pins has both counts.

#include <weft/runtime/detail/foreign_call.hpp>

#include "fiber_block.hpp"
#include "this_worker.hpp"
#include "worker.hpp"

namespace weft::detail {

namespace {
constexpr std::uint32_t k_one_lock = 1u << 16;
}  // namespace

foreign_caller this_foreign_caller() noexcept {
  const fiber_block* const fiber = this_fiber_block();
  if (fiber == nullptr) return {};
  const worker& w = *fiber->runs_on;
  const auto top = reinterpret_cast<std::uintptr_t>(fiber->on.top());
  return {fiber->label.id(), w.thread_id, top - fiber->on.usable, top};
}

bool hold_foreign_lock() noexcept {
  fiber_block* const fiber = this_fiber_block();
  if (fiber == nullptr) return false;
  if (fiber->pins == 0) {
    fiber->pin();
    --fiber->pins;
  }
  fiber->pins += k_one_lock;
  return true;
}

bool release_foreign_lock() noexcept {
  fiber_block* const fiber = this_fiber_block();
  if (fiber == nullptr) return false;
  if (fiber->pins < k_one_lock) return true;  // locked by another
  fiber->pins -= k_one_lock - 1;
  fiber->unpin();
  return true;
}

}  // namespace weft::detail
