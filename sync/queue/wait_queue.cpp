// Room: sync. See detail/wait_queue.hpp, "Leaving".

#include <weft/sync/detail/wait_queue.hpp>

namespace weft::detail {

void wait_queue::enqueue(wait_node& node) noexcept {
  node.token = arm(cancellation::honoured);
  waiters_.push_back(node);
  count(1);
}

void wait_queue::enroll(wait_node& node) noexcept {
  waiters_.push_back(node);
  count(1);
}

wait_token wait_queue::arm_enrolled(wait_node& node) noexcept {
  claimed destructor;
  {
    internal_guard held(lock);
    if (node.queued) return node.token = arm(cancellation::honoured);
    destructor = count_out();
  }
  if (destructor) unpark(destructor);
  return {};
}

std::uint32_t wait_queue::claim(std::uint32_t most, won_chain& woken) noexcept {
  std::uint32_t served = 0;
  std::uint32_t out = 0;
  while (served < most) {
    wait_node* const node = waiters_.front();
    if (node == nullptr) break;
    waiters_.remove(*node);
    if (node->token.who == nullptr) {  // enrolled: it looks for itself
      ++served;
    } else if (const claimed won = detail::claim(node->token, wake_reason::ready)) {
      woken.add(*node, won);
      ++out;
      ++served;
    }
  }
  count(0 - out);
  return served;
}

bool wait_queue::claim_front(won_chain& woken) noexcept {
  wait_node& node = *waiters_.front();
  waiters_.remove(node);
  const claimed won = detail::claim(node.token, wake_reason::ready);
  if (!won) return false;
  woken.add(node, won);
  count(0u - 1u);
  return true;
}

claimed wait_queue::count_out() noexcept {
  count(0u - 1u);
  if (!nobody_inside() || destructor_.who == nullptr) return {};
  return detail::claim(destructor_, wake_reason::ready);
}

void wait_queue::leave(wait_node& node) noexcept {
  claimed destructor;
  {
    internal_guard held(lock);
    destructor = dequeue(node);
  }
  if (destructor) unpark(destructor);
}

claimed wait_queue::dequeue(wait_node& node) noexcept {
  waiters_.remove(node);
  return count_out();
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
