// Room: runtime. See timer_queue.hpp. A pairing heap: a node's children are a list, the smallest node is the root, and
// taking the root pairs its children up from left to right, then melds the pairs from right to left.

#include "timer_queue.hpp"

#include <utility>

namespace weft::detail {

void timer_queue::arm(timer_node& node, deadline until, std::uint64_t generation) noexcept {
  const internal_guard guard(lock_);
  node.due_at = until.nanoseconds();
  node.armed_for = generation;
  node.armed_in = this;
  insert(node);
}

void timer_queue::cancel(timer_node& node) noexcept {
  timer_queue& queue = *node.armed_in;
  const internal_guard guard(queue.lock_);
  if (node.previous != &node) queue.remove(node);
}

bool timer_queue::pop_due(deadline now, due& out) noexcept {
  if (earliest() > now) return false;
  const internal_guard guard(lock_);
  if (root_ == nullptr || root_->due_at > now.nanoseconds()) return false;
  out = {root_, root_->armed_for};
  remove(*root_);
  return true;
}

void timer_queue::insert(timer_node& node) noexcept {
  node.child = node.sibling = node.previous = nullptr;
  root_ = meld(root_, &node);
  // relaxed: written under the lock; read elsewhere as a statistic.
  size_.store(size_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  note_root();
}

void timer_queue::remove(timer_node& node) noexcept {
  timer_node* const orphans = meld_siblings(node.child);
  if (&node == root_) {
    root_ = orphans;
  } else {
    (node.previous->child == &node ? node.previous->child : node.previous->sibling) = node.sibling;
    if (node.sibling != nullptr) node.sibling->previous = node.previous;
    root_ = meld(root_, orphans);
  }
  node.previous = &node;
  // relaxed: as in insert().
  size_.store(size_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  note_root();
}

void timer_queue::note_root() noexcept {
  const std::int64_t at = root_ != nullptr ? root_->due_at : deadline::never().nanoseconds();
  // relaxed: the armer's fence (poll_turn::must_wake) orders it before the read of poll_until.
  if (earliest_.load(std::memory_order_relaxed) != at) earliest_.store(at, std::memory_order_relaxed);
}

// Two heaps, neither with siblings, into one.
timer_node* timer_queue::meld(timer_node* a, timer_node* b) noexcept {
  if (a == nullptr) return b;
  if (b == nullptr) return a;
  if (b->due_at < a->due_at) std::swap(a, b);
  b->previous = a;
  b->sibling = a->child;
  if (a->child != nullptr) a->child->previous = b;
  a->child = b;
  return a;
}

timer_node* timer_queue::meld_siblings(timer_node* first) noexcept {
  timer_node* pairs = nullptr;  // a stack, linked by sibling
  while (first != nullptr) {
    timer_node* const a = first;
    timer_node* const b = a->sibling;
    first = b != nullptr ? b->sibling : nullptr;
    a->sibling = a->previous = nullptr;
    if (b != nullptr) b->sibling = b->previous = nullptr;
    timer_node* const pair = meld(a, b);
    pair->sibling = pairs;
    pairs = pair;
  }
  timer_node* heap = nullptr;
  while (pairs != nullptr) {
    timer_node* const next = pairs->sibling;
    pairs->sibling = nullptr;
    heap = meld(heap, pairs);
    pairs = next;
  }
  return heap;
}

}  // namespace weft::detail
