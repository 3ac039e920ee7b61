// Room: async. See detail/pending_result.hpp, "Bringing".

#include <weft/async/detail/pending_result.hpp>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>

namespace weft::detail {

bool pending_result::refer() noexcept {
  // relaxed: who takes one more publishes nothing; it is given back in let_go().
  std::uint32_t now = references_.load(std::memory_order_relaxed);
  while (now != 0)
    if (references_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed)) return true;
  return false;
}

void pending_result::let_go() noexcept {
  // acq_rel: what each did to the frame is ahead of the last one's P6, which publishes it all to the waiter.
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
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
