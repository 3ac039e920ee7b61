#pragma once
// Room: runtime. What of a cancellation may be delivered to the running fiber now: cancel_scope.cpp, "Scopes". By the
// fiber itself alone.

#include "fiber_block.hpp"

namespace weft::detail {

// Somebody's request for the fiber's end, or the end of the runtime, may be delivered.
[[nodiscard]] bool hears_requests(const fiber_block& running) noexcept;

// The limit of its scope may be delivered.
[[nodiscard]] bool hears_limit(const fiber_block& running) noexcept;

// One of the two may be, and is due: a cancellation point throws. Reads the clock.
[[nodiscard]] bool is_cancellation_due(const fiber_block& running) noexcept;

// The rest of an arm that honours cancellation, where a shield or a limit is on.
[[nodiscard]] wait_token arm_as_heard(fiber_block& running) noexcept;

// The rest of a park whose wait is unparked already, or hears a limit.
wake_reason park_after_a_look(wait_token token, deadline until, wait_label what) noexcept;

}  // namespace weft::detail
