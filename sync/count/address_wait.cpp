// Room: sync. See detail/address_wait.hpp.
//
// "Waiting at an address", both sides, at the place in the table that the address comes to:
//   waiter                                            notifier, after its change
//   A1 inside + 1                                     N1 fence
//   A2 fence                                          N2 inside is 0: done
//   A3 lock; it holds no longer: unlock, to A6        N3 lock; claim those who wait at this address
//   A4 enqueue, unlock                                N4 unlock, unpark them
//   A5 park; not woken: lock, dequeue
//   A6 inside - 1
// - Of A3 and N2 one sees the other's: the change before N1, or the count of A1. If N2 sees the count, either N3 finds
//   the waiter, or A3 locks after N4 and sees the change.
// - Others' addresses come to the same place: they are passed over, and cost a look.
// - The notifier touches nodes alone, so whoever is woken may destroy what lies at the address.
// A1, A2 and N1, N2 are visit_count.hpp's. Model: tests/model/address_wait_model.cpp.

#include <weft/sync/detail/address_wait.hpp>

#include <array>
#include <cstdint>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/real_env.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/runtime/park.hpp>

#include "visit_count.hpp"

namespace weft::detail {

namespace {

struct address_node : wait_node {
  const void* address = nullptr;
};

struct alignas(64) place {
  internal_lock lock;
  wait_list waiters WEFT_GUARDED_BY(lock);
  visit_count<real_env> inside;  // any thread
};

constinit std::array<place, 64> g_places{};

place& place_of(const void* address) noexcept {
  const auto bits = reinterpret_cast<std::uintptr_t>(address);
  return g_places[(bits >> 2 ^ bits >> 8 ^ bits >> 14) % g_places.size()];
}

// A1, A2 and A6.
class visit {
 public:
  explicit visit(place& at) noexcept : at_(at) { at_.inside.enter(); }
  ~visit() { at_.inside.leave(); }
  visit(const visit&) = delete;
  visit& operator=(const visit&) = delete;

 private:
  place& at_;
};

// N3.
void claim_at(place& at, const void* address, bool all, won_chain& woken) noexcept WEFT_REQUIRES(at.lock) {
  for (wait_node* node = at.waiters.front(); node != nullptr;) {
    wait_node* const next = node->next;
    if (static_cast<address_node*>(node)->address == address) {
      at.waiters.remove(*node);
      if (const claimed won = claim(node->token, wake_reason::ready)) {
        woken.add(*node, won);
        if (!all) return;
      }
    }
    node = next;
  }
}

}  // namespace

void wait_at_address(const void* address, address_condition condition) {
  cancellation_point();
  place& at = place_of(address);
  const visit counted(at);
  address_node node;
  node.address = address;
  {
    const internal_guard held(at.lock);
    if (!condition.holds(condition.context)) return;
    node.token = arm(cancellation::honoured);
    at.waiters.push_back(node);
  }
  const wake_reason reason = park(node.token, deadline::never(), "atomic wait");
  if (reason == wake_reason::ready) return;
  {
    const internal_guard held(at.lock);
    at.waiters.remove(node);
  }
  throw_cancelled();
}

void notify_address(const void* address, bool all) noexcept {
  const scheduling_points around;
  place& at = place_of(address);
  if (at.inside.has_nobody_after_a_change()) return;
  won_chain woken;
  const internal_guard held(at.lock);
  claim_at(at, address, all, woken);
}  // unlocks, then unparks: the guard ends before the chain

}  // namespace weft::detail
