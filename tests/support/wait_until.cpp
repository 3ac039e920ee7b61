// Room: tests. See wait_until.hpp.

#include <support/wait_until.hpp>

#include <weft/runtime/this_fiber.hpp>

#include "live_counts.hpp"

namespace weft::testing {

// A picture is no single moment: a fiber may be seen parked before the one that wakes it is. Two pictures in a row that
// agree, with a turn for everybody between them, leave only fibers that nobody wakes.
void wait_until_all_parked() {
  for (int in_a_row = 0; in_a_row < 2;) {
    in_a_row = detail::is_any_awake_but(this_fiber::get_id()) ? 0 : in_a_row + 1;
    this_fiber::yield();
  }
}

void wait_until_nothing_lives() {
  wait_until([] {
    const detail::counts left = detail::live_counts();
    return left.fibers == 0 && left.stacks == 0;
  });
}

}  // namespace weft::testing
