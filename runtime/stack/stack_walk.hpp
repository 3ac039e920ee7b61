#pragma once
// Room: runtime. The frames of a fiber that is parked and held still (waiting_word.hpp, "the inspector"), walked from
// the registers that its switch saved, by the unwinder that exceptions use: it needs no frame pointers, and sees user
// code as it was compiled. It runs on the walker's own stack and writes nothing to the parked one.
// Where the jump is ours only (jump.hpp); elsewhere there are no traces.

#include <cstddef>
#include <span>

#include "context.hpp"
#include "stack_pool.hpp"

namespace weft::detail {

#if defined(WEFT_INLINE_JUMP)
inline constexpr bool k_walks_parked_stacks = true;
#else
inline constexpr bool k_walks_parked_stacks = false;
#endif

// Fills `to` with return addresses, innermost first, and says how many. Stops at the first frame that is not on `on`;
// zero if the fiber parked on another stack (of a coroutine of the user's).
[[nodiscard]] std::size_t walk_parked(const context& parked, const stack& on, std::span<const void*> to) noexcept;

}  // namespace weft::detail
