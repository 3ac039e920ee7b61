#pragma once
// std_shim, interpose: how those who wait at a place are woken: taken off and won under its lock, and told after it. N3
// and N4 of lot.hpp, L1 and L2 of barrier.cpp.

#include "bell.hpp"
#include "lot.hpp"

namespace weft::interpose {

// Whom a wake has won under the lock, to be told after it.
class won_waiters {
 public:
  won_waiters() = default;
  won_waiters(const won_waiters&) = delete;
  won_waiters& operator=(const won_waiters&) = delete;
  // The fibers are unparked by the chain's end.
  ~won_waiters() {
    while (threads_ != nullptr) {
      bell& rung = *threads_->thread;
      threads_ = static_cast<lot_node*>(threads_->next);  // read before: after the ring the node is gone
      rung.ring();
    }
  }

  // It is off the list. False if something else has ended its wait.
  bool add(lot_node& node) noexcept {
    if (node.thread != nullptr) {
      node.next = threads_;
      threads_ = &node;
      return true;
    }
    const detail::claimed won = detail::claim(node.token, detail::wake_reason::ready);
    if (won) fibers_.add(node, won);
    return static_cast<bool>(won);
  }

 private:
  detail::won_chain fibers_;
  lot_node* threads_ = nullptr;
};

// Under the lock of the place, which closes before `won` goes: how many were won of those whom `is_meant` names.
template <class IsMeant>
std::uint32_t take_off(lot_place& at, won_waiters& won, std::uint32_t most, IsMeant is_meant) noexcept {
  std::uint32_t woken = 0;
  for (detail::wait_node* each = at.waiters.front(); each != nullptr && woken < most;) {
    auto& node = static_cast<lot_node&>(*each);
    each = each->next;
    if (!is_meant(node)) continue;
    at.waiters.remove(node);
    if (won.add(node)) ++woken;
  }
  return woken;
}

}  // namespace weft::interpose
