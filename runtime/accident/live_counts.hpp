#pragma once
// Room: runtime. What is alive in the process, for leak checks: all zero once every runtime has stopped; and whether
// all of it sleeps, for who waits for that. Cheap beside a snapshot, which measures the stacks that ever were.

#include <cstddef>

#include <weft/runtime/fiber_id.hpp>

namespace weft::detail {

struct counts {
  std::size_t fibers = 0;
  std::size_t stacks = 0;  // permits that are out
  std::size_t timers = 0;
};

[[nodiscard]] counts live_counts();

// True if a fiber that is not `self` was seen that is not parked. A picture, as a snapshot is.
[[nodiscard]] bool is_any_awake_but(fiber_id self) noexcept;

}  // namespace weft::detail
