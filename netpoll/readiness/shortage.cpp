// Room: netpoll. See shortage.hpp.

#include "shortage.hpp"

#include <weft/runtime/cancellation.hpp>

namespace weft::net::detail {

using weft::detail::wake_reason;

constinit shortage descriptor_shortage;

void shortage::pause(descriptor_block& block, deadline until, weft::detail::wait_label label) {
  weft::detail::wait_node node;
  node.token = weft::detail::arm(weft::detail::cancellation::honoured);
  {
    const weft::detail::internal_guard guard(lock_);
    waiters_.push_back(node);
  }
  pausing_.fetch_add(1, std::memory_order_seq_cst);  // seq_cst: before the look at the listener ("Pausing", P1)
  const bool is_over = block.use.is_closed() && weft::detail::disarm(node.token);
  auto reason = wake_reason::timed_out;
  if (!is_over) reason = weft::detail::park(node.token, until, label);
  if (reason != wake_reason::again) {  // else wake_all has taken the node off
    const weft::detail::internal_guard guard(lock_);
    waiters_.remove(node);
  }
  pausing_.fetch_sub(1, std::memory_order_relaxed);  // relaxed: one look too many costs nothing
  if (reason == wake_reason::cancelled) weft::detail::throw_cancelled();
}

void shortage::wake_all() noexcept {
  weft::detail::won_chain won;
  {
    const weft::detail::internal_guard guard(lock_);
    won.take_all(waiters_, wake_reason::again);
  }
  won.unpark_all();
}

}  // namespace weft::net::detail
