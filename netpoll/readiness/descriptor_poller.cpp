// Room: netpoll. See descriptor_poller.hpp.

#include "descriptor_poller.hpp"

#include <weft/runtime/detail/check.hpp>

#include "direction_use.hpp"
#include "foreign_table.hpp"
#include "leaving.hpp"
#include "waiting_count.hpp"

#if defined(WEFT_EPOLL)
#include "epoll_calls.hpp"
#endif

namespace weft::net::detail {

using weft::detail::ready_batch;
using weft::detail::wake_reason;

namespace {

#if defined(WEFT_EPOLL)
void forget_shared(int epoll, int fd) noexcept { remove_from_epoll(epoll, fd); }
#else
void forget_shared(int, int) noexcept {}  // a kqueue forgets each number that is closed
#endif

}  // namespace

descriptor_poller& descriptor_poller::of_this_runtime() {
  auto* const mine = dynamic_cast<descriptor_poller*>(&weft::detail::this_poller(&make_chosen_poller));
  WEFT_CHECK(mine != nullptr, "netpoll: the runtime has a poller that is not netpoll's");
  return *mine;
}

std::error_code descriptor_poller::add(descriptor_block& block) noexcept {
  // relaxed, both: the calling fiber has moved the block in, or is a user of it.
  bool is_broken = false;
  forget_foreign(block.fd.load(std::memory_order_relaxed));  // what is known of an earlier descriptor with its number
  const std::error_code ec =
      watch(block.fd.load(std::memory_order_relaxed), block.key.load(std::memory_order_relaxed), is_broken);
  if (!ec && block.is_shared)
    block.registry.store(registry(), std::memory_order_relaxed);  // relaxed: for its last user
  // release: who sees a home knows that it is watched; pairs with direction_use::is_watched. The calling fiber is in
  // the runtime whose end is the poller's, so that the poller's destructor comes later.
  if (!ec) block.home.store(this, std::memory_order_release);
  if (is_broken) {
    for (readiness& each : block.ready)
      if (const auto won = claim_waiter(each.set_ready(true), wake_reason::ready)) weft::detail::unpark(won);
  }
  return ec;
}

// The poller may be ending just now, and its number become another's: which is no epoll, or does not watch `fd`, for a
// block is watched by one poller in its life. Then the call fails and changes nothing.
void descriptor_poller::forget(const descriptor_block& block, int fd) noexcept {
  const int registry = block.registry.load(std::memory_order_relaxed);  // relaxed: the caller is the only user
  if (registry >= 0) forget_shared(registry, fd);
}

void descriptor_poller::refuse_who_is_left() noexcept {
  forget_foreign_of(this);
  descriptors.for_each([this](descriptor_block& block) {
    if (!block.use.enter()) return;
    // relaxed: a tenant of ours stays one while we use the block.
    if (block.home.load(std::memory_order_relaxed) == this) {
      block.registry.store(-1, std::memory_order_relaxed);  // relaxed: for its last user, who at worst asks in vain
      for (readiness& each : block.ready)
        if (const auto won = claim_waiter(each.close(), wake_reason::closed)) weft::detail::unpark(won);
    }
    leave(block);
  });
}

void descriptor_poller::deliver(std::uint64_t key, occurrence event, ready_batch& ready) noexcept {
  descriptor_block* const block = descriptors.find(key);
  // relaxed: an event that slips through is harmless ("Readiness", the last point).
  if (block == nullptr || block->key.load(std::memory_order_relaxed) != key) return;
  const auto tell = [&](direction d) {
    if (const auto won = claim_waiter(block->readiness_of(d).set_ready(event.doubtful), wake_reason::ready))
      ready.add(won);
  };
  if (event.readable) tell(direction::read);
  if (event.writable) tell(direction::write);
}

bool descriptor_poller::has_waiters() const noexcept { return waiting_for_readiness.is_any(); }

}  // namespace weft::net::detail
