#pragma once
// Room: runtime. When the memory of stacks that nobody uses goes back to the system. After a burst of fibers their
// stacks lie in the pools, each with the pages that its last fiber touched, and would for ever.
//
//   while a runtime lives   its monitor, which ticks anyway. Each second, of the stacks of each size that lay in the
//                           pool all through it, half (but for the last 64), the coldest first: of a burst an eighth is
//                           left after four seconds, a hundredth after eight. What is needed again within a second is
//                           kept, and what comes back more seldom is paid for by page faults. Few at each tick, so that
//                           the monitor is never away for long; while all workers sleep it wakes for this once a
//                           second, until nothing is left to give back, and then no more
//   a runtime ends          all of it, at once, if no other one lives
//   weft::trim()            all of it, at once
//
// Address space and guards stay, and so do the page tables that hold the guards: a stack is a stack for ever, and one
// whose memory is gone is taken without a system call, after those that have some.
// What lies in a worker's magazine (32 stacks at most) is in use; a worker that sleeps has none there.
// Rejected: *keep what the last minute needed*: a burst would stay for a minute, though the next one may never come; if
// it does come it costs some 2 us more for each stack. *Give back as fibers end, above some number*: a system call for
// each end of a fiber, in the middle of the burst.
// What other rooms keep (detail/idle_memory.hpp) goes by the same rules, each kind as if it were one size.
// Next: stack_pool.hpp (cool).

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <weft/runtime/deadline.hpp>

namespace weft::detail::idle_stacks {

// By any monitor, as often as it ticks, on the steady clock. Does little at a time, and nothing if another does it.
void give_back_some(deadline now) noexcept;

// Until when it need not be called while all sleep.
[[nodiscard]] deadline wanted_again() noexcept;

// Of all sizes, whatever lies in the pools. How many bytes were in memory.
std::size_t give_back_all() noexcept;

// The second; a test shortens it.
extern constinit std::atomic<std::int64_t> period_ns;

}  // namespace weft::detail::idle_stacks
