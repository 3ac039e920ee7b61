#pragma once
// Room: runtime. The fiber's side of a wait that has to be waited: its timer, its leave, its return. Inline, so that a
// park is one function around one jump (park.cpp); and once more for a park under a time limit (cancel_scope.cpp).

#include "switching.hpp"

namespace weft::detail {

inline wake_reason sleep_fiber(fiber_block& fiber, wait_token token, deadline until, wait_label what) noexcept {
  worker* w = fiber.runs_on;
  fiber.waits_for = what;
  fiber.waits_since = w->now.get();
  const bool timed = !until.is_never();
  fiber.waits_timed = timed;
  if (timed) {
    w->timers.arm(fiber, until, token.generation);
    w->home().wake_for(until);
  }
  w = worker::leave(w, &fiber, after_switch::publish);
  const wake_reason reason = fiber.word.finish();
  if (timed && reason != wake_reason::timed_out) timer_queue::cancel(fiber);
  fiber.waits_for = nullptr;
  return reason;
}

}  // namespace weft::detail
