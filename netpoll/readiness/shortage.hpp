#pragma once
// Room: netpoll. Trying again: who was refused by the kernel, of descriptors or otherwise, and ought to try once more
// waits here, a little longer each time, or until a descriptor of ours is closed. One list for the process, for so is
// the limit of descriptors.
//
// "Pausing". A pause must also end when the listener itself is closed.
//   pauser                                            closer
//   P1 join the list, count it (seq_cst)              R1 close: use_word says closed (seq_cst)
//   P2 the listener is closed (seq_cst): do not park  R2 the count is not 0 (seq_cst): claim all, unpark
//   P3 park until the back-off is over
// Either P2 sees R1 or R2 sees P1. A relief that comes between a failed accept and P1 is missed: the back-off is short.
// Next: accepting.cpp.

#include <atomic>
#include <chrono>
#include <cstdint>

#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/runtime/park.hpp>

#include "descriptor_block.hpp"

namespace weft::net::detail {

// How long the next pause lasts: 1 ms, doubling to 512 ms, until something went well.
class back_off {
 public:
  [[nodiscard]] std::chrono::milliseconds next() noexcept {
    const std::chrono::milliseconds now = length_;
    if (length_ < k_longest) length_ *= 2;
    return now;
  }
  void reset() noexcept { length_ = k_first; }

 private:
  static constexpr std::chrono::milliseconds k_first{1};
  static constexpr std::chrono::milliseconds k_longest{512};
  std::chrono::milliseconds length_ = k_first;
};

class shortage {
 public:
  constexpr shortage() noexcept = default;

  // Parks until then at most, unless `block` is closed. A cancellation point: throws weft::cancelled. `label` is for
  // dumps, a string literal. For direction_use::pause, which says why it ended.
  void pause(descriptor_block& block, deadline until, weft::detail::wait_label label);

  // A descriptor was closed, or is about to be: those who pause look again.
  void relieve() noexcept {
    // seq_cst: after use_word::close ("Pausing", R2).
    if (pausing_.load(std::memory_order_seq_cst) != 0) wake_all();
  }

 private:
  void wake_all() noexcept;

  std::atomic<std::uint32_t> pausing_{0};
  weft::detail::internal_lock lock_;
  weft::detail::wait_list waiters_ WEFT_GUARDED_BY(lock_);
};

extern constinit shortage descriptor_shortage;

}  // namespace weft::net::detail
