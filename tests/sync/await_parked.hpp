#pragma once
// Room: tests of sync. How a test knows that others wait, without sleeping: it looks.

#include <algorithm>
#include <cstddef>
#include <string_view>

#include <support/wait_until.hpp>
#include <weft/runtime/snapshot.hpp>

namespace weft::testing {

// How many fibers are parked on `what`.
[[nodiscard]] inline std::size_t count_parked(std::string_view what) {
  const process_snapshot now = snapshot();
  return static_cast<std::size_t>(std::count_if(now.fibers.begin(), now.fibers.end(), [what](const fiber_info& fiber) {
    return fiber.state == fiber_state::parked && fiber.waits_for == what;
  }));
}

// Returns once `n` fibers are.
inline void await_parked(std::size_t n, std::string_view what) {
  wait_until([=] { return count_parked(what) == n; });
}

}  // namespace weft::testing
