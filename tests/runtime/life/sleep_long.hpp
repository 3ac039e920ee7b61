#pragma once
// Room: tests. A wait that nothing ends but cancellation and limits.

#include <chrono>

#include <weft/runtime/this_fiber.hpp>

namespace weft::testing {

inline void sleep_long() { this_fiber::sleep_for(std::chrono::hours(1000)); }

}  // namespace weft::testing
