// Room: netpoll. See lookup_turns.hpp.

#include "lookup_turns.hpp"

#include <weft/netpoll/resolve.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/park.hpp>

namespace weft::net::detail {

using weft::detail::internal_guard;
using weft::detail::wake_reason;

constinit lookup_turns turns_of_lookups{resolver_options{}.most_lookups};

bool lookup_turns::enter(deadline until) {
  weft::detail::wait_node node;
  {
    const internal_guard guard(lock_);
    if (under_way_ < most_ && waiting_.empty()) {
      ++under_way_;
      return true;
    }
    node.token = weft::detail::arm(weft::detail::cancellation::honoured);
    waiting_.push_back(node);
  }
  const wake_reason reason = weft::detail::park(node.token, until, "name lookup (its turn)");
  if (reason == wake_reason::handed) return true;
  {
    const internal_guard guard(lock_);
    waiting_.remove(node);
  }
  if (reason == wake_reason::cancelled) weft::detail::throw_cancelled();
  return false;
}

void lookup_turns::leave() noexcept {
  weft::detail::claimed won;
  {
    const internal_guard guard(lock_);
    if (under_way_ > most_ || waiting_.claim_front(wake_reason::handed, won) == nullptr) --under_way_;
  }
  if (won) weft::detail::unpark(won);
}

void lookup_turns::set_most(std::size_t most) noexcept {
  weft::detail::won_chain let_in;
  const internal_guard guard(lock_);
  most_ = most;
  weft::detail::claimed won;
  while (under_way_ < most_) {
    weft::detail::wait_node* const node = waiting_.claim_front(wake_reason::handed, won);
    if (node == nullptr) return;
    let_in.add(*node, won);
    ++under_way_;
  }
}

}  // namespace weft::net::detail
