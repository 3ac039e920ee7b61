#pragma once
// Room: runtime. Waits that nobody will end when a runtime ends, and their end.
//
// "Stuck at the end". A wait for a lock or at a barrier is no cancellation point (cancellation::unless_stuck), so the
// end of a runtime leaves it alone: whoever holds the lock unwinds and lets go. Where nobody will, as with two at a
// barrier for three, or two locks taken crosswise, it is ended all the same.
//   T1 every fiber that is left is parked: for a lock (maybe for a limited time) or at a barrier, outside of any shield
//      and with no exception in flight; or in a destructor of ours, which waits for the end of such a fiber
//   T2 T1 at several looks in a row, and these waits are the same: at three if no other thread in the process could end
//      one of them, else for 5 s
//   T3 claim one of the waits for locks and at barriers `cancelled`, in the order of fibers' numbers
//   T4 T1 and T2 again, at three looks: T3 with twice as many
// One first, because its unwinding may let go of what the others wait for. A fiber that is in a blocking call,
// computes, or is shielded may hold what the others wait for: until it ends nobody is stuck, and it is named.
// Five seconds prove nothing about plain threads and other runtimes: one of them may hold the lock for longer. Then
// lock() throws weft::cancelled in a fiber that was asked to end long ago, as the next cancellation point would.
// Next: stuck_watch.cpp.

#include <cstdint>

#include <weft/runtime/detail/chrono.hpp>

#include "fiber_block.hpp"

namespace weft::detail {

// Of who waits for the end of a runtime's fibers, all of which have been asked to end.
class stuck_watch {
 public:
  static constexpr std::chrono::milliseconds k_pause{20};

  explicit stuck_watch(const scheduler& home) noexcept : home_(home) {}

  // One look. Returns for how long to do without the next one: it goes over all blocks of the process.
  std::chrono::milliseconds look() noexcept;

 private:
  static constexpr unsigned k_looks = 2;  // after the first
  static constexpr unsigned k_looks_beside_others = 250;
  static constexpr int k_longer = 8;

  struct sight {  // T1
    bool all_are_stuck = true;
    std::uint64_t fibers = 0;
    std::uint64_t generations = 0;  // the sum
    friend bool operator==(const sight&, const sight&) = default;
  };
  [[nodiscard]] sight look_at_all() const noexcept;
  [[nodiscard]] bool is_settled() const;
  void end_some() const;

  const scheduler& home_;
  sight last_;
  unsigned in_a_row_ = 0;
  std::uint64_t next_ends_ = 1;
};

}  // namespace weft::detail
