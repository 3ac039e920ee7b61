// Room: runtime. The waker's side of park.hpp, and unparking.hpp.

#include "unparking.hpp"

#include "switching.hpp"
#include "this_worker.hpp"
#include "thread_waiter.hpp"

namespace weft::detail {

namespace {

claimed to_claimed(waiter* who, waiting_word<real_env>::outcome outcome) noexcept {
  using enum waiting_word<real_env>::outcome;
  return outcome == lost ? claimed() : claimed(who, outcome == won_parked);
}

fiber_block& as_fiber(waiter* who) noexcept { return *static_cast<fiber_block*>(who); }

// The calling thread's, if it is of the fiber's runtime.
worker* this_worker_of(const fiber_block& fiber) noexcept {
  worker* const w = this_worker();
  // relaxed: it is only compared.
  return w != nullptr && &w->home() == fiber.home.load(std::memory_order_relaxed) ? w : nullptr;
}

// A fiber that is ready now, by a caller on worker `w` (null: a plain thread).
void make_ready(fiber_block& fiber, worker* w) noexcept {
  // relaxed: constant while the fiber lives, and it lives: it was claimed and is not yet queued.
  scheduler& home = *fiber.home.load(std::memory_order_relaxed);
  if (w != nullptr && &w->home() == &home)
    w->make_ready(&fiber);
  else
    home.make_ready_from_outside(&fiber);
}

}  // namespace

claimed claim(wait_token token, wake_reason reason) noexcept {
  return to_claimed(token.who, token.who->word.claim(token.generation, reason));
}

namespace {

template <class WorkerOfCaller>
[[gnu::always_inline]] inline void unpark_from(claimed won, WorkerOfCaller worker_of_caller) noexcept {
  waiter* const who = won.who();
  announce_release(who);
  if (who->word.unpark(won.was_parked()) == must::do_nothing) return;
  if (who->kind == waiter_kind::thread)
    static_cast<thread_waiter*>(who)->make_ready();
  else
    make_ready(as_fiber(who), worker_of_caller());
}

}  // namespace

void unpark(claimed won) noexcept {
  unpark_from(won, [] { return this_worker(); });
}

void unpark(claimed won, const waiter& by) noexcept {
  unpark_from(won, [&by]() -> worker* {
    return by.kind == waiter_kind::fiber ? static_cast<const fiber_block&>(by).runs_on.get() : nullptr;
  });
}

fiber_block* settle(claimed won, const scheduler& home) noexcept {
  waiter* const who = won.who();
  const bool ours = who->kind == waiter_kind::fiber &&
                    as_fiber(who).home.load(std::memory_order_relaxed) == &home;  // as in make_ready
  if (!ours) {
    unpark(won);
    return nullptr;
  }
  announce_release(who);
  return who->word.unpark(won.was_parked()) == must::make_ready ? &as_fiber(who) : nullptr;
}

bool claim_due(timer_queue& queue, deadline now, ready_batch& batch) noexcept {
  timer_queue::due due;
  while (batch.room() != 0 && queue.pop_due(now, due)) {
    const claimed won = claim({static_cast<waiter*>(due.node), due.generation}, wake_reason::timed_out);
    if (won) batch.add(won);
  }
  return batch.size() != 0;
}

void cancel_wait(fiber_block& fiber, const scheduler& home) noexcept {
  // relaxed: a claim that wins proves that the fiber was the same all along (waiting_word::cancel).
  // relaxed: after the seq_cst load of the word. Both are asked again: the block may have a new fiber by now.
  const auto outcome = fiber.word.cancel(
      [&] { return fiber.home.load(std::memory_order_relaxed) == &home && fiber.is_cancel_requested_in(home); });
  if (const claimed won = to_claimed(&fiber, outcome)) unpark(won);
}

bool hold_still(fiber_block& fiber) noexcept {
  // Who lets go may pay a wake-up, and so come into a simulation from outside, or out of one.
  const worker* const from = this_worker();
  const bool is_inside = from != nullptr && from->home().is_simulated();
  if ((fiber.simulated || is_inside) && this_worker_of(fiber) == nullptr) return false;
  return fiber.word.inspect();
}

void let_go(fiber_block& fiber) noexcept {
  if (fiber.word.release_inspected() == must::make_ready) make_ready(fiber, this_worker());
}

}  // namespace weft::detail
