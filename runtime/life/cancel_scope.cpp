// Room: runtime. Time limits: see with_timeout.hpp, detail/cancel_scope.hpp.
//
// "Scopes". What asks a fiber to end comes from outside of it (a handle, its group, the end of the runtime: a bit in
// the block, "Asking to end", attention_word.hpp), or is a time limit that it has taken upon itself, in a scope on its
// own frames. So nobody but the fiber looks at a scope, and none is reached by who cancels. At each moment
//   - a request is delivered unless a shield is open, in this scope or around it, or an exception is in flight;
//   - the limit of the innermost scope is delivered unless a shield is open in it, or an exception is in flight that
//     was not when it began. It is the earliest of all limits that would be delivered here: those beyond a shield are
//     not. So a limit begun inside a shield, or in a destructor that runs while an exception unwinds, holds.
// A wait that hears a limit parks until the limit or its own deadline, whichever is first (park.cpp); the limit, if it
// was first, is told as `cancelled`. A cancellation point looks at the clock if a limit is on.
// A layer that meets `cancelled` leaves its scope first. What is due then came from further out and passes through;
// else, if its own limit is over, that was it. The limit further out is thus named by the layer that set it.

#include <weft/runtime/detail/cancel_scope.hpp>

#include <algorithm>
#include <string>

#include <weft/runtime/with_timeout.hpp>

#include "cancelling.hpp"
#include "quantity_text.hpp"
#include "sleeping.hpp"
#include "switching.hpp"
#include "this_worker.hpp"

namespace weft {

timed_out::timed_out(const std::string& what) : std::system_error(std::make_error_code(std::errc::timed_out), what) {}

}  // namespace weft

namespace weft::detail {

bool hears_requests(const fiber_block& running) noexcept {
  return (running.delivery & ~k_limited) == 0 && !running.runs_on->is_unwinding();
}

bool hears_limit(const fiber_block& running) noexcept {
  return (running.delivery & k_limited) != 0 && (running.delivery & k_shields) == 0 &&
         running.runs_on->exceptions_in_flight() == running.scope->unwinding;
}

bool is_cancellation_due(const fiber_block& running) noexcept {
  if (running.is_cancel_requested() && hears_requests(running)) return true;
  return hears_limit(running) && running.scope->until <= running.runs_on->home().now();
}

wait_token arm_as_heard(fiber_block& running) noexcept {
  return {&running, running.word.arm(hears_requests(running), true, hears_limit(running))};
}

// Until its own deadline or the limit, whichever comes first: no timer is needed but the fiber's own.
wake_reason park_after_a_look(wait_token token, deadline until, wait_label what) noexcept {
  fiber_block& running = *static_cast<fiber_block*>(token.who);
  if (running.word.is_unparked()) return running.word.finish();
  const deadline limit = running.scope->until;
  const wake_reason reason = sleep_fiber(running, token, std::min(until, limit), what);
  return reason == wake_reason::timed_out && limit < until ? wake_reason::cancelled : reason;
}

time_limit::time_limit(deadline until, const char* call) : own_(until) {
  require_fiber(call);
  fiber_block& fiber = *this_fiber_block();
  scope_.until = hears_limit(fiber) ? std::min(until, fiber.scope->until) : until;
  scope_.outer = fiber.scope;
  scope_.outer_delivery = fiber.delivery;
  scope_.unwinding = fiber.runs_on->exceptions_in_flight();
  const bool is_shielded = (fiber.delivery & ~k_limited) != 0;
  if ((fiber.delivery & k_limited) == 0) fiber.attention.begin_limit();
  fiber.delivery = k_limited | (is_shielded ? k_muted : 0);
  fiber.scope = &scope_;
  fiber_ = &fiber;
  swallowed_before_ = fiber.swallowed;
}

time_limit::~time_limit() {
  if (fiber_ != nullptr) end();
}

void time_limit::end() noexcept {
  fiber_->scope = scope_.outer;
  fiber_->delivery = scope_.outer_delivery;
  if ((fiber_->delivery & k_limited) == 0) fiber_->attention.end_limit();
  fiber_ = nullptr;
}

bool time_limit::has_ended_it() noexcept {
  fiber_block& fiber = *fiber_;
  end();
  if (is_cancellation_due(fiber) || own_ > fiber.runs_on->home().now()) return false;
  fiber.swallowed = swallowed_before_;  // this one was not
  return true;
}

void throw_timed_out(const char* call, std::chrono::nanoseconds limit) {
  std::string text = "weft::" + std::string(call) + ": not done ";
  if (limit == std::chrono::nanoseconds::max())
    text += "when its time had come";
  else
    text += "within " + duration_in_words(limit.count());
  throw timed_out(text);
}

}  // namespace weft::detail
