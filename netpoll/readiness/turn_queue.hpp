#pragma once
// Room: netpoll. Who waits for a turn at one direction of one descriptor, first come, first served: runtime's
// wait_list.hpp in 8 bytes instead of 16, for each open descriptor has two of them, and nearly all are empty for their
// whole life. A ring of which the last one is known, whose next is the first. It does not lock: its block's queue_lock
// does, and what wait_list.hpp says of claiming under the lock holds here.
// Next: use_word.hpp, "Taking turns".

#include <weft/runtime/detail/wait_list.hpp>

namespace weft::net::detail {

class turn_queue {
 public:
  constexpr turn_queue() noexcept = default;
  turn_queue(const turn_queue&) = delete;
  turn_queue& operator=(const turn_queue&) = delete;

  void push_back(weft::detail::wait_node& node) noexcept {
    node.queued = true;
    node.prev = last_ != nullptr ? last_ : &node;
    node.next = last_ != nullptr ? last_->next : &node;
    node.prev->next = &node;
    node.next->prev = &node;
    last_ = &node;
  }

  // Nothing if a waker had taken it off already.
  void remove(weft::detail::wait_node& node) noexcept {
    if (!node.queued) return;
    node.queued = false;
    if (last_ == &node) last_ = node.prev != &node ? node.prev : nullptr;
    node.prev->next = node.next;
    node.next->prev = node.prev;
  }

  // As wait_list's.
  weft::detail::wait_node* claim_front(weft::detail::wake_reason reason, weft::detail::claimed& won) noexcept {
    while (last_ != nullptr) {
      weft::detail::wait_node* const first = last_->next;
      remove(*first);
      won = weft::detail::claim(first->token, reason);
      if (won) return first;
    }
    won = weft::detail::claimed();
    return nullptr;
  }

  // Claims everybody who can still be won.
  void claim_all(weft::detail::wake_reason reason, weft::detail::won_chain& to) noexcept {
    weft::detail::claimed won;
    while (weft::detail::wait_node* const node = claim_front(reason, won)) to.add(*node, won);
  }

 private:
  weft::detail::wait_node* last_ = nullptr;
};

}  // namespace weft::net::detail
