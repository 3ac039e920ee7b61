#pragma once
// Room: runtime. The queue of who waits for one thing: FIFO, intrusive, its nodes on the frames of the waiters. It
// stands here, between sync and netpoll which never meet, because both need it.
//
// The list does not lock: the primitive's internal lock does, around every call. Claiming happens under that lock, so a
// waiter that timed out or was cancelled and takes the lock to leave finds its node either still queued (it removes it)
// or gone, and in the second case no loser touches it any more: losers look at nodes under the lock alone.
// Next: park.hpp.

#include <weft/runtime/park.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

struct wait_node {
  wait_token token;
  wait_node* next = nullptr;
  wait_node* prev = nullptr;
  bool queued = false;
};

class wait_list {
 public:
  constexpr wait_list() noexcept = default;
  wait_list(const wait_list&) = delete;
  wait_list& operator=(const wait_list&) = delete;

  [[nodiscard]] bool empty() const noexcept { return head_ == nullptr; }
  [[nodiscard]] wait_node* front() const noexcept { return head_; }

  void push_back(wait_node& node) noexcept {
    node.next = nullptr;
    node.prev = tail_;
    node.queued = true;
    (tail_ != nullptr ? tail_->next : head_) = &node;
    tail_ = &node;
  }

  // For a waiter that had its turn and must wait again: it keeps its place.
  void push_front(wait_node& node) noexcept {
    node.next = head_;
    node.prev = nullptr;
    node.queued = true;
    (head_ != nullptr ? head_->prev : tail_) = &node;
    head_ = &node;
  }

  // False if a waker had taken it off already.
  bool remove(wait_node& node) noexcept {
    if (!node.queued) return false;
    (node.prev != nullptr ? node.prev->next : head_) = node.next;
    (node.next != nullptr ? node.next->prev : tail_) = node.prev;
    node.queued = false;
    return true;
  }

  // Takes waiters off until one is won. Null with an empty `won` if nobody could be. The caller may touch the node's
  // frame until it unparks `won`, which it must do, after the lock.
  wait_node* claim_front(wake_reason reason, claimed& won) noexcept {
    while (head_ != nullptr) {
      wait_node* const node = head_;
      head_ = node->next;
      (head_ != nullptr ? head_->prev : tail_) = nullptr;
      node->queued = false;
      won = claim(node->token, reason);
      if (won) return node;
    }
    won = claimed();
    return nullptr;
  }

 private:
  wait_node* head_ = nullptr;
  wait_node* tail_ = nullptr;
};

// Winners that were claimed under a lock, to be unparked after it: a chain through the frames of the won waiters.
class won_chain {
 public:
  won_chain() = default;
  won_chain(const won_chain&) = delete;
  won_chain& operator=(const won_chain&) = delete;
  ~won_chain() { unpark_all(); }

  // From here until its unpark the node is the chain's: a waiter that a waker has won never calls remove() on it. `won`
  // is of the node's own token, which the waiter may be reading on its way to park.
  void add(wait_node& node, claimed won) noexcept {
    node.next = nullptr;
    node.queued = won.was_parked();  // the node is off every list: the field carries the other half of `won`
    (tail_ != nullptr ? tail_->next : head_) = &node;
    tail_ = &node;
  }

  // Claims every waiter of `list` that can still be won.
  void take_all(wait_list& list, wake_reason reason) noexcept {
    claimed won;
    while (wait_node* node = list.claim_front(reason, won)) add(*node, won);
  }

  void unpark_all() noexcept {
    for (wait_node* node = head_; node != nullptr;) {
      wait_node* next = node->next;  // read before the unpark: after it the node is gone
      unpark(claimed(node->token.who, node->queued));
      node = next;
    }
    head_ = tail_ = nullptr;
  }

 private:
  wait_node* head_ = nullptr;
  wait_node* tail_ = nullptr;
};

}  // namespace weft::detail

#pragma GCC visibility pop
