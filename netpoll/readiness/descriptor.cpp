// Room: netpoll. The life of a descriptor block, from the table and back to it: watched, closed, left, abandoned.
// Protocols: use_word.hpp.

#include <weft/netpoll/detail/descriptor.hpp>
#include <weft/netpoll/detail/foreign_wait.hpp>

#include <weft/runtime/detail/forked_child.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/runtime/park.hpp>

#include "descriptor_block.hpp"
#include "descriptor_poller.hpp"
#include "direction_use.hpp"
#include "kqueue_emulation.hpp"
#include "leaving.hpp"
#include "shortage.hpp"
#include "syscalls.hpp"

namespace weft::net::detail {

using weft::detail::wake_reason;

namespace {

constexpr direction k_directions[] = {direction::read, direction::write};

void wake(waiter_id id, wake_reason reason) noexcept {
  if (const auto won = claim_waiter(id, reason)) weft::detail::unpark(won);
}

void wake_queued(descriptor_block& block, direction d) noexcept {
  weft::detail::won_chain won;
  {
    const weft::detail::internal_guard guard(block.queue_lock);
    block.queue_of(d).claim_all(wake_reason::closed, won);
  }
  won.unpark_all();
}

// "Closing", C2. In a forked child nobody waits: those are the parent's, and their locks may have stayed held.
void evict(descriptor_block& block) noexcept {
  if (weft::detail::is_forked_beside_a_runtime()) return;
  for (const direction d : k_directions) {
    wake(block.readiness_of(d).close(), wake_reason::closed);
    wake_queued(block, d);
  }
}

descriptor_block& take_block(const unique_fd& fd, bool writable, bool shared) {
  descriptor_block& block = *descriptors.take();
  // relaxed, all: published by use_word::reset.
  block.fd.store(fd.get(), std::memory_order_relaxed);
  block.home.store(nullptr, std::memory_order_relaxed);
  block.registry.store(-1, std::memory_order_relaxed);
  block.is_shared = shared;
  block.takes_bytes_alone = false;
  block.readiness_of(direction::read).reset(true);
  block.readiness_of(direction::write).reset(writable);
  return block;
}

// The block is open last: until then nobody uses it, and an event does no harm.
descriptor open_block(descriptor_block& block, unique_fd& fd, const std::error_code& ec) noexcept {
  if (ec) {
    descriptors.give_back(&block);
    return {};
  }
  block.use.reset();
  fd.release();
  return descriptor(&block);
}

}  // namespace

descriptor watch_descriptor(unique_fd& fd, bool writable, std::error_code& ec, if_short when_short) try {
  descriptor_poller& poller = descriptor_poller::of_this_runtime();
  descriptor_block& block = take_block(fd, writable, false);
  ec = poller.add(block);
  if (ec && when_short == if_short::watch_later && is_exhaustion(ec)) ec.clear();
  return open_block(block, fd, ec);
} catch (const std::system_error& e) {
  ec = e.code();
  return {};
}

descriptor watch_shared_descriptor(unique_fd& fd, std::error_code& ec) try {
  descriptor_poller& poller = descriptor_poller::of_this_runtime();
  descriptor_block& block = take_block(fd, true, true);
  ec = poller.add(block);
  if (ec == std::errc::operation_not_permitted || is_exhaustion(ec)) ec.clear();
  return open_block(block, fd, ec);
} catch (const std::system_error& e) {
  ec = e.code();
  return {};
}

descriptor hold_descriptor(unique_fd& fd, std::error_code& ec) try {
  descriptor_block& block = take_block(fd, true, false);
  ec.clear();
  return open_block(block, fd, ec);
} catch (const std::system_error& e) {
  ec = e.code();
  return {};
}

std::error_code set_deadline(const descriptor& of, direction d, deadline until) noexcept {
  const descriptor_use use(of);
  if (use.error()) return use.error();
  descriptor_block& block = *of.block();
  // Those who wait for a turn are not told: the holder's wait ends by the same deadline, and then theirs, one by one.
  wake(block.readiness_of(d).move_deadline(until.nanoseconds()), wake_reason::again);
  return {};
}

void leave(descriptor_block& block) noexcept {
  if (block.use.leave() == users::parting::close_descriptor) close_and_leave(block);
}

void close_and_leave(descriptor_block& block) noexcept {
  const int fd = block.fd.load(std::memory_order_relaxed);  // relaxed: the caller is the only user
  delete_from_kqueue(block);
  block.fd.store(-1, std::memory_order_relaxed);
  if (block.is_shared) descriptor_poller::forget(block, fd);
  close_foreign(fd);  // somebody may wait for it by its number
  close_descriptor(fd);
  if (block.use.leave_closed()) descriptors.give_back(&block);
  descriptor_shortage.relieve();
}

bool descriptor::close() noexcept {
  if (block_ == nullptr || !block_->use.close()) return false;
  evict(*block_);
  descriptor_shortage.relieve();
  leave(*block_);
  return true;
}

void descriptor::abandon() noexcept {
  close();
  if (block_ != nullptr && block_->use.abandon()) descriptors.give_back(block_);
  block_ = nullptr;
}

int descriptor::native_handle() const noexcept {
  if (block_ == nullptr || block_->use.is_closed()) return -1;
  return block_->fd.load(std::memory_order_relaxed);  // relaxed: written before the handle was made
}

}  // namespace weft::net::detail
