#pragma once
// Room: netpoll. The poller of one runtime, whatever the system calls it: what epoll and kqueue have in common. It says
// what an event means for whoever waits; who waits, and whether it is woken, is decided by the readiness words of the
// blocks. Which kind a runtime gets stands in poller_choice.cpp.
//
// Edge-triggered, each descriptor registered once for everything, when it is opened. No call of a stream ever touches
// the poller.
//
// "Waking". wake() and the poll that it ends, with one system call for any number of wakes:
//   waker                                             poller
//   W1 pending: false -> true; true already: done     V1 wait for events
//   W2 raise the event                                V2 the event came: pending = false, then return
// The event is edge-triggered too: each raise is an edge, and nobody has to read it. On kqueue an interrupted wait may
// have lost the edge: it is V2 as well, as if the event had come, and the next waker raises again.
// Next: readiness_word.hpp; then epoll_poller.cpp or kqueue_poller.cpp.

#include <atomic>
#include <cstdint>
#include <memory>
#include <system_error>

#include <weft/runtime/poller.hpp>

#include "descriptor_block.hpp"

namespace weft::net::detail {

// What became of a descriptor, in nobody's bits.
struct occurrence {
  bool readable = false;
  bool writable = false;
  // From now on a short read does not prove that the queue is empty: the end of the stream came, an error, an urgent
  // byte, or the system does not tell them from bytes.
  bool doubtful = false;
};

class descriptor_poller : public weft::detail::poller {
 public:
  // The calling fiber's; made if there is none yet. Throws std::system_error, std::logic_error outside a runtime or if
  // WEFT_POLLER names none that this build has.
  [[nodiscard]] static descriptor_poller& of_this_runtime();

  // Watches a descriptor from now until it is closed.
  [[nodiscard]] std::error_code add(descriptor_block& block) noexcept;

  // What closing `fd`, which was the block's, does not do if others have the same open description. Its last user.
  static void forget(const descriptor_block& block, int fd) noexcept;

  [[nodiscard]] bool has_waiters() const noexcept override;

  // Of an epoll, which forgets a descriptor when its open description is closed by all who have it; a kqueue forgets
  // the descriptor itself, and has none.
  [[nodiscard]] virtual int registry() const noexcept { return -1; }

  // What an event means for the block that its key names; nothing if the block has a new tenant. Room for two in
  // `ready`.
  static void deliver(std::uint64_t key, occurrence event, weft::detail::ready_batch& ready) noexcept;

 protected:
  static constexpr std::uint64_t k_wake_key = ~std::uint64_t{0};

  // For the destructors, when no event will come any more: whoever is left (descriptors of this poller that other
  // runtimes use) is refused from now on.
  void refuse_who_is_left() noexcept;

  // "Waking", W1. True: raise the event.
  [[nodiscard]] bool begin_wake() noexcept {
    // acq_rel: releases what the waker did to the poll that it ends; a wake that finds one pending is part of it.
    return !wake_pending_.exchange(true, std::memory_order_acq_rel);
  }
  // "Waking", V2.
  void end_wake() noexcept {
    wake_pending_.exchange(false, std::memory_order_acquire);  // acquire: pairs with the release of begin_wake
  }

 private:
  // `is_broken`: the system refuses to watch what is broken already. No event will come, and none is needed.
  [[nodiscard]] virtual std::error_code watch(int fd, std::uint64_t key, bool& is_broken) noexcept = 0;

  // Any thread.
  std::atomic<bool> wake_pending_{false};
};

// Throws std::invalid_argument if WEFT_POLLER names none that this build has; std::system_error.
[[nodiscard]] std::unique_ptr<weft::detail::poller> make_chosen_poller();

}  // namespace weft::net::detail
