// Room: runtime. See exclusive_thread.hpp; who has which thread: "Lending a thread", seating.hpp.

#include <weft/runtime/exclusive_thread.hpp>

#include <stdexcept>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/check.hpp>
#include <weft/runtime/poller.hpp>

#include "switching.hpp"
#include "this_worker.hpp"

namespace weft {

namespace {

detail::fiber_block& alone_on_its_thread() {
  detail::require_poller("exclusive_thread");  // a fiber, and no simulation
  detail::cancellation_point();
  detail::fiber_block& fiber = *detail::this_fiber_block();
  if (fiber.has_own_thread() || (fiber.pins == 0 && fiber.runs_on->is_lent())) {
    fiber.pin();
    return fiber;
  }
  if (fiber.pins != 0)
    throw std::logic_error(
        "weft: exclusive_thread in a fiber that stays on its thread, and cannot move to another: make it before the "
        "pin_guard or the foreign lock, and spawn the fiber without .pinned");
  fiber.move_to(fiber.runs_on->home().seats.lend());
  return fiber;
}

}  // namespace

exclusive_thread::exclusive_thread() : fiber_(alone_on_its_thread()) {}

exclusive_thread::~exclusive_thread() {
  WEFT_CHECK(&fiber_ == detail::this_fiber_block(),
             "exclusive_thread: destroyed by another fiber than the one that made it");
  fiber_.unpin();
}

}  // namespace weft
