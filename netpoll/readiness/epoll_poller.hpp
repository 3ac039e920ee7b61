#pragma once
// Room: netpoll. The poller of one runtime, on epoll. It owns the epoll descriptor and turns events into claims; who
// waits, and whether it is woken, is decided by the readiness words of the blocks.
//
// Edge-triggered, each descriptor registered once for everything, when it is opened; closing it is what takes it out.
// No call of a stream ever touches epoll.
//
// "Waking". wake() and the poll that it ends, with one system call for any number of wakes:
//   waker                                             poller
//   W1 pending: false -> true; true already: done     V1 epoll_wait
//   W2 raise the event                                V2 the event came: pending = false, then return
// The event is edge-triggered too: each raise is an edge, and nobody has to read it.
// Next: readiness_word.hpp.

#include <array>
#include <atomic>
#include <memory>
#include <system_error>

#include <sys/epoll.h>

#include <weft/runtime/poller.hpp>

#include "descriptor_block.hpp"

namespace weft::net::detail {

class epoll_poller final : public weft::detail::poller {
 public:
  // Throws std::system_error.
  epoll_poller();
  // Whoever is left (descriptors of this poller that other runtimes use) is refused from now on.
  ~epoll_poller() override;

  // The calling fiber's; made if there is none yet. Throws std::system_error, std::logic_error outside a runtime.
  [[nodiscard]] static epoll_poller& of_this_runtime();

  // Watches a descriptor from now until it is closed.
  [[nodiscard]] std::error_code add(descriptor_block& block) noexcept;

  // What closing `fd`, which was the block's, does not do if others have the same open description. Its last user.
  static void forget(descriptor_block& block, int fd) noexcept;

  void poll(deadline until, weft::detail::ready_batch& ready) noexcept override;
  void wake() noexcept override;
  [[nodiscard]] bool has_waiters() const noexcept override;

  // What an event means for the block that its key names; nothing if the block has a new tenant. Room for two in
  // `ready`.
  static void deliver(const epoll_event& event, weft::detail::ready_batch& ready) noexcept;

 private:
  static constexpr std::size_t k_most_events = 128;
  static constexpr std::uint64_t k_wake_key = ~std::uint64_t{0};

  int epoll_ = -1;
  int wake_event_ = -1;
  // Any thread.
  std::atomic<bool> wake_pending_{false};
  // Whoever is inside poll.
  std::array<epoll_event, k_most_events> events_;
};

}  // namespace weft::net::detail
