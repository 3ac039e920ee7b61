#pragma once
// Room: tests of async. Whether a fiber waits, for tests that ask it to end just then.

#include <algorithm>
#include <string_view>

#include <weft/runtime/snapshot.hpp>

namespace weft::testing {

inline bool is_parked(std::string_view name) {
  const process_snapshot now = snapshot();
  return std::any_of(now.fibers.begin(), now.fibers.end(), [name](const fiber_info& fiber) {
    return fiber.name == name && fiber.state == fiber_state::parked;
  });
}

}  // namespace weft::testing
