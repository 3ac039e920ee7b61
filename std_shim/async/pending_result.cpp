// Room: async. See detail/pending_result.hpp, "Bringing".

#include <weft/async/detail/pending_result.hpp>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>

namespace weft::detail {

void pending_result::let_go() noexcept {
  if (!references_.let_go()) return;
  const scheduling_points around;
  won_chain woken;
  internal_guard held(waiters_.lock);
  // release: publishes the result; pairs with is_over().
  over_.store(true, std::memory_order_release);
  waiters_.claim(wait_queue::k_all, woken);
}  // unlocks, then unparks: the guard ends before the chain

bool pending_result::wait(wait_label what) noexcept {
  if (is_over()) return true;
  wait_node node;
  {
    internal_guard held(waiters_.lock);
    if (is_over()) return true;
    waiters_.enqueue(node);
  }
  if (park(node.token, deadline::never(), what) == wake_reason::ready) return true;
  waiters_.leave(node);
  return is_over();
}

void pending_result::wait_out(wait_label what) noexcept {
  const shield_scope held;
  while (!wait(what)) {
  }
}

}  // namespace weft::detail
