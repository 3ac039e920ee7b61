#pragma once
// Room: runtime. What is alive in the process, for leak checks: all zero once every runtime has stopped.

#include <cstddef>

namespace weft::detail {

struct counts {
  std::size_t fibers = 0;
  std::size_t stacks = 0;  // permits that are out
  std::size_t timers = 0;
};

[[nodiscard]] counts live_counts();

}  // namespace weft::detail
