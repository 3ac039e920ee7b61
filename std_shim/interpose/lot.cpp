// std_shim, interpose. See lot.hpp.

#include "lot.hpp"

#include <array>

#include "bell.hpp"

namespace weft::interpose {

namespace {

constinit std::array<lot_place, 128> g_places{};

// Off the list; false if somebody else has ended its wait.
bool win(lot_node& node, detail::won_chain& fibers, lot_node*& threads) noexcept {
  if (node.thread != nullptr) {
    node.next = threads;
    threads = &node;
    return true;
  }
  const detail::claimed won = detail::claim(node.token, detail::wake_reason::ready);
  if (won) fibers.add(node, won);
  return static_cast<bool>(won);
}

}  // namespace

lot_place& place_of(const void* address) noexcept {
  const auto bits = reinterpret_cast<std::uintptr_t>(address);
  return g_places[(bits >> 2 ^ bits >> 8 ^ bits >> 14) % g_places.size()];
}

std::uint32_t wake_from_lot(const void* address, std::uint32_t most, std::uint32_t bits) noexcept {
  lot_place& at = place_of(address);
  std::uint32_t woken = 0;
  detail::won_chain fibers;  // unparked last, after the lock
  lot_node* threads = nullptr;
  {
    const detail::internal_guard held(at.lock);
    for (detail::wait_node* each = at.waiters.front(); each != nullptr && woken < most;) {
      auto& node = static_cast<lot_node&>(*each);
      each = each->next;
      if (node.address != address || (node.bits & bits) == 0) continue;
      at.waiters.remove(node);
      if (win(node, fibers, threads)) ++woken;
    }
  }
  while (threads != nullptr) {
    bell& rung = *threads->thread;
    threads = static_cast<lot_node*>(threads->next);  // read before: after the ring the node is gone
    rung.ring();
  }
  return woken;
}

}  // namespace weft::interpose
