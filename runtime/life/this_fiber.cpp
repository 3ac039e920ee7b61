// Room: runtime. See this_fiber.hpp.

#include <weft/runtime/this_fiber.hpp>

#include <thread>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/spawn.hpp>

#include "fiber_block.hpp"
#include "this_worker.hpp"
#include "worker.hpp"

namespace weft {

namespace detail {

void sleep_until(deadline until) {
  waiter& self = cancellable_self();
  const wait_token token = arm(self, cancellation::honoured);
  if (park(token, until, "sleep") == wake_reason::cancelled) throw_cancelled();
}

}  // namespace detail

void this_fiber::yield() {
  detail::fiber_block* const fiber = detail::this_fiber_block();
  if (fiber == nullptr) return std::this_thread::yield();
  detail::yield_now(*fiber);
  detail::cancellation_point(*fiber);
}

fiber_id this_fiber::get_id() noexcept {
  const detail::fiber_block* const fiber = detail::this_fiber_block();
  return fiber != nullptr ? detail::id_of(fiber) : fiber_id();
}

}  // namespace weft
