// Room: sync. See detail/wait_queue.hpp, "Leaving".

#include <weft/sync/detail/wait_queue.hpp>

namespace weft::detail {

void wait_queue::enqueue(wait_node& node) noexcept {
  node.token = arm(cancellation::honoured);
  waiters_.push_back(node);
  count(1);
}

std::uint32_t wait_queue::claim(std::uint32_t most, won_chain& woken) noexcept {
  std::uint32_t taken = 0;
  for (claimed won; taken < most; ++taken) {
    wait_node* const node = waiters_.claim_front(wake_reason::ready, won);
    if (node == nullptr) break;
    woken.add(*node, won);
  }
  count(0 - taken);
  return taken;
}

void wait_queue::leave(wait_node& node) noexcept {
  claimed destructor;
  {
    internal_guard held(lock);
    waiters_.remove(node);
    count(0u - 1u);
    if (nobody_inside() && destructor_.who != nullptr) destructor = detail::claim(destructor_, wake_reason::ready);
  }
  if (destructor) unpark(destructor);
}

void wait_queue::wait_until_left(wait_label what) noexcept {
  wait_token token;
  {
    internal_guard held(lock);
    if (nobody_inside()) return;
    token = destructor_ = arm(cancellation::ignored);
  }
  park(token, deadline::never(), what);
}

}  // namespace weft::detail
