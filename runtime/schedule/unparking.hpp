#pragma once
// Room: runtime. The runtime's own ends of the waiting protocol (park.hpp): paying the unpark that a claim owes, timers
// and cancellation as claimants.

#include <weft/runtime/park.hpp>
#include <weft/runtime/poller.hpp>

#include "fiber_block.hpp"
#include "timer_queue.hpp"

namespace weft::detail {

// Pays the unpark of `won`. Returns the fiber if it is ready now and the caller's to queue, being one of `home`; wakes
// or queues any other waiter itself.
[[nodiscard]] fiber_block* settle(claimed won, const scheduler& home) noexcept;

// Claims the waits whose deadline has passed, as many as the batch has room for. False if it got none.
bool claim_due(timer_queue& queue, deadline now, ready_batch& batch) noexcept;

// "The inspector" (waiting_word.hpp). True: `fiber` is parked, and stays so until let_go, which pays for a wake-up that
// comes meanwhile.
[[nodiscard]] bool hold_still(fiber_block& fiber) noexcept;
void let_go(fiber_block& fiber) noexcept;

// "Cancelling", C2 and the waiter's half: ends the wait of `fiber`, if it has one that may be cancelled and is of
// `home`.
void cancel_wait(fiber_block& fiber, const scheduler& home) noexcept;

}  // namespace weft::detail
