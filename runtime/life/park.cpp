// Room: runtime. The waiter's side of park.hpp (the seam) and waiting_word.hpp (the protocol); the waker's is
// unparking.cpp. A fiber leaves its worker to the next
// fiber; a plain thread sleeps on its futex word (thread_waiter.cpp).

#include <weft/runtime/detail/lock_note.hpp>
#include <weft/runtime/park.hpp>

#include <stdexcept>
#include <string>

#include "cancelling.hpp"
#include "sleeping.hpp"
#include "switching.hpp"
#include "this_worker.hpp"
#include "thread_waiter.hpp"

namespace weft::detail {

namespace {

fiber_block& as_fiber(waiter* who) noexcept { return *static_cast<fiber_block*>(who); }

wake_reason park_fiber(fiber_block& fiber, wait_token token, deadline until, wait_label what) noexcept {
  if (fiber.word.needs_a_look()) [[unlikely]]
    return park_after_a_look(token, until, what);
  return sleep_fiber(fiber, token, until, what);
}

}  // namespace

wait_token arm(cancellation mode) noexcept { return arm(this_waiter(), mode); }

wait_token arm(waiter& self, cancellation mode) noexcept {
  const bool endable = mode != cancellation::ignored;
  if (mode != cancellation::honoured || self.kind != waiter_kind::fiber) return {&self, self.word.arm(false, endable)};
  fiber_block& fiber = as_fiber(&self);
  if (fiber.delivery != 0) [[unlikely]]
    return arm_as_heard(fiber);
  return {&self, fiber.word.arm(!fiber.runs_on->is_unwinding(), endable)};
}

bool disarm(wait_token token) noexcept { return token.who->word.disarm(token.generation); }

wake_reason park(wait_token token, deadline until, wait_label what) noexcept {
  if (token.who->kind == waiter_kind::thread)
    return static_cast<thread_waiter*>(token.who)->park(token.generation, until);
  return park_fiber(as_fiber(token.who), token, until, what);
}

deadline now() noexcept {
  worker* const w = this_worker();
  return w != nullptr ? w->home().now() : deadline::at(deadline::clock::now());
}

bool clock_is_virtual() noexcept {
  const worker* const w = this_worker();
  return w != nullptr && !w->home().clock_is_real();
}

void tell_lock(waiter& self, const lock_note* note) noexcept {
  if (self.kind != waiter_kind::fiber) return;
  fiber_block& fiber = as_fiber(&self);
  const auto top = reinterpret_cast<std::uintptr_t>(fiber.on.top());
  const std::uintptr_t depth = top - reinterpret_cast<std::uintptr_t>(note);
  fiber.note_depth = note != nullptr && depth < fiber.on.usable ? static_cast<std::uint32_t>(depth) : 0;
}

bool on_fiber() noexcept { return this_fiber_block() != nullptr; }

void require_fiber(const char* call) {
  if (on_fiber()) return;
  refuse_in_forked_child(call);
  throw std::logic_error(std::string("weft: ") + call +
                         " outside a runtime: call it in a fiber, that is inside weft::run, go or spawn");
}

waiter& this_waiter() noexcept {
  if (fiber_block* const fiber = this_fiber_block()) return *fiber;
  return this_thread_waiter();
}

}  // namespace weft::detail
