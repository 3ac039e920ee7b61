// Room: netpoll. See epoll_poller.hpp.

#include "epoll_poller.hpp"

#include <algorithm>

#include <weft/runtime/detail/check.hpp>

#include "direction_use.hpp"
#include "leaving.hpp"
#include "epoll_calls.hpp"
#include "waiting_count.hpp"

namespace weft::net::detail {

using weft::detail::poller;
using weft::detail::ready_batch;
using weft::detail::wake_reason;

namespace {

constexpr std::uint32_t k_everything = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
constexpr std::uint32_t k_broken = EPOLLHUP | EPOLLERR;
// After these a short read does not prove that the queue is empty: the end of the stream comes without another edge,
// and a read stops short of an urgent byte.
constexpr std::uint32_t k_doubtful = k_broken | EPOLLRDHUP | EPOLLPRI;

std::unique_ptr<poller> make_epoll_poller() { return std::make_unique<epoll_poller>(); }

}  // namespace

epoll_poller::epoll_poller() {
  const opened epoll = open_epoll();
  if (epoll.error) throw std::system_error(epoll.error, "weft: epoll_create1");
  const opened event = open_event();
  const std::error_code ec = event.error ? event.error : watch(epoll.fd, event.fd, EPOLLIN | EPOLLET, k_wake_key);
  if (ec) {
    if (event.fd >= 0) close_descriptor(event.fd);
    close_descriptor(epoll.fd);
    throw std::system_error(ec, "weft: eventfd");
  }
  epoll_ = epoll.fd;
  wake_event_ = event.fd;
}

epoll_poller::~epoll_poller() {
  close_descriptor(wake_event_);
  close_descriptor(epoll_);
  descriptors.for_each([this](descriptor_block& block) {
    if (!block.use.enter()) return;
    // relaxed: a tenant of ours stays one while we use the block.
    if (block.home.load(std::memory_order_relaxed) == this) {
      for (readiness& each : block.ready)
        if (const auto won = claim_waiter(each.close(), wake_reason::closed)) weft::detail::unpark(won);
    }
    leave(block);
  });
}

epoll_poller& epoll_poller::of_this_runtime() {
  auto* const mine = dynamic_cast<epoll_poller*>(&weft::detail::this_poller(&make_epoll_poller));
  WEFT_CHECK(mine != nullptr, "netpoll: the runtime has a poller that is not epoll's");
  return *mine;
}

std::error_code epoll_poller::add(descriptor_block& block) noexcept {
  // relaxed, both: the calling fiber has moved the block in, or is a user of it.
  const std::error_code ec =
      watch(epoll_, block.fd.load(std::memory_order_relaxed), k_everything, block.key.load(std::memory_order_relaxed));
  if (ec) return ec;
  if (block.is_shared) block.registry.store(epoll_, std::memory_order_relaxed);  // relaxed: for its last user
  // release: who sees a home knows that it is watched; pairs with direction_use::is_watched. The calling fiber is in
  // the runtime whose end is the poller's, so that the poller's destructor comes later.
  block.home.store(this, std::memory_order_release);
  return {};
}

// The poller may have ended meanwhile, and its number be another's: which is no epoll, or does not watch `fd`, for a
// block is watched by one poller in its life. Then the call fails and changes nothing.
void epoll_poller::forget(descriptor_block& block, int fd) noexcept {
  const int epoll = block.registry.load(std::memory_order_relaxed);  // relaxed: the caller is the only user
  if (epoll >= 0) unwatch(epoll, fd);
}

void epoll_poller::poll(deadline until, ready_batch& ready) noexcept {
  const std::size_t most = std::min(k_most_events, ready.room() / 2);  // an event may wake a reader and a writer
  if (most == 0) return;
  const std::size_t count = wait_for_events(epoll_, std::span(events_).first(most), until);
  for (std::size_t i = 0; i < count; ++i) {
    if (events_[i].data.u64 != k_wake_key) {
      deliver(events_[i], ready);
    } else {
      // "Waking", V2. acquire: sees what wakers did before; pairs with the release of wake (W1).
      wake_pending_.exchange(false, std::memory_order_acquire);
    }
  }
}

void epoll_poller::deliver(const epoll_event& event, ready_batch& ready) noexcept {
  descriptor_block* const block = descriptors.find(event.data.u64);
  // relaxed: an event that slips through is harmless ("Readiness", the last point).
  if (block == nullptr || block->key.load(std::memory_order_relaxed) != event.data.u64) return;
  const bool doubtful = (event.events & k_doubtful) != 0;
  const auto tell = [&](direction d) {
    if (const auto won = claim_waiter(block->readiness_of(d).set_ready(doubtful), wake_reason::ready)) ready.add(won);
  };
  if ((event.events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | k_broken)) != 0) tell(direction::read);
  if ((event.events & (EPOLLOUT | k_broken)) != 0) tell(direction::write);
}

void epoll_poller::wake() noexcept {
  // "Waking", W1. acq_rel: releases what the waker did to the poll that it ends; a wake that finds one pending is part
  // of it.
  if (!wake_pending_.exchange(true, std::memory_order_acq_rel)) raise_event(wake_event_);
}

bool epoll_poller::has_waiters() const noexcept { return waiting_for_readiness.is_any(); }

}  // namespace weft::net::detail
