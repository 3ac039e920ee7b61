// Room: tests. See wait_until.hpp.

#include <support/wait_until.hpp>

#include <algorithm>

#include <weft/runtime/snapshot.hpp>

namespace weft::testing {

namespace {

bool all_others_are_parked() {
  const fiber_id self = this_fiber::get_id();
  const process_snapshot now = snapshot();
  return std::all_of(now.fibers.begin(), now.fibers.end(), [self](const fiber_info& fiber) {
    return fiber.id == self || fiber.state == fiber_state::parked;
  });
}

}  // namespace

// A picture is no single moment: a fiber may be seen parked before the one that wakes it is. Two pictures in a row that
// agree, with a turn for everybody between them, leave only fibers that nobody wakes.
void wait_until_all_parked() {
  for (int in_a_row = 0; in_a_row < 2;) {
    in_a_row = all_others_are_parked() ? in_a_row + 1 : 0;
    this_fiber::yield();
  }
}

}  // namespace weft::testing
