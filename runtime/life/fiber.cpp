// Room: runtime. A fiber's beginning and end: its block, its closure, its outcome, and who meets it. See spawn.hpp.
//
// "Joining", on the word `joining` (join_word.hpp):
//   joiner                                            the fiber's end, on its own stack
//   J1 joiner = arm()                                 F1 exchange(done)
//   J2 running -> awaited; it is done? disarm         F2 it was awaited: claim(joiner), unpark
//   J3 park; woken: the outcome is there                 detached: nobody looks; drop the outcome
//   J4 cancelled: awaited -> running; it is done?     F3 (after the switch) give up the fiber's own reference
//      then the join has taken effect
// `joiner` is in the block, which the handle's reference keeps: F2 touches nothing of the joiner's frame.
// A fiber that has its own handle cannot wait by it: J1 to J3 would never end, and F1 never come. A join refuses, and
// the end of the handle detaches: nobody but the fiber has it, so nobody is kept waiting and nobody will look.

#include <algorithm>
#include <cstddef>
#include <new>
#include <stdexcept>
#include <system_error>

#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/runtime/poller.hpp>
#include <weft/runtime/spawn.hpp>

#include "dropping.hpp"
#include "own_values.hpp"
#include "switching.hpp"
#include "this_worker.hpp"

namespace weft::detail {

namespace {

scheduler& home_of_caller(worker* w) {
  if (w == nullptr || w->current() == nullptr) require_fiber("go or spawn");
  return w->home();
}

void count_spawn(scheduler& home, worker* w) {
  if (w != nullptr && &w->home() == &home) {
    w->spawned += 1;
    return;
  }
  if (w != nullptr && w->home().is_simulated()) refuse_in_simulation("go or run in another runtime");
  if (!home.admit_spawn_from_outside()) throw std::logic_error("weft: go or run on a runtime that was stopped");
}

void take_permit(worker* w, stack_pool& stacks) {
  w != nullptr && w->stacks.serves(stacks) ? w->stacks.take_permit() : stacks.take_permit();
}

// To the worker of its spawner; to the first that runs it (fiber_main), if that is another runtime's or none, or the
// spawner has its thread to itself.
void pin_from_birth(fiber_block& fiber, const worker* by) noexcept {
  // relaxed: ours.
  const bool is_its_own = by != nullptr && &by->home() == fiber.home.load(std::memory_order_relaxed);
  const worker* const to = is_its_own && !by->is_lent() ? by : nullptr;
  fiber.pinned = to != nullptr;
  fiber.pins = to != nullptr ? 1 : 0;
  fiber.pinned_to = to != nullptr ? static_cast<std::uint16_t>(to->index) : fiber_block::k_to_the_first;
}

void inherit_or_discard(const fiber_extension& from, fiber_block& child) {
  try {
    inherit_locals(from, child);
  } catch (...) {
    discard_fiber(&child);
    throw;
  }
}

// F1 and F2.
void complete(fiber_block& fiber) noexcept {
  scheduling_point();
  const join_state before = fiber.joining.complete();
  if (before == join_state::detached) fiber.body->drop_outcome(fiber.storage.data(), true);
  if (before != join_state::awaited) return;
  if (const claimed won = claim(fiber.joiner, wake_reason::ready)) unpark(won);
}

void start(fiber_block& fiber, const fiber_body& body, join_state joining, std::uint32_t references) noexcept {
  fiber.body = &body;
  fiber.joining.reset(joining);
  fiber.references.reset(references);
  announce_release(static_cast<waiter*>(&fiber));
  scheduler& home = *fiber.home.load(std::memory_order_relaxed);  // relaxed: ours until it is in the queue
  worker* const w = this_worker();
  if (w != nullptr && &w->home() == &home) {
    w->make_ready(&fiber);
  } else {
    home.make_ready_from_outside(&fiber);
  }
  scheduling_point();
}

}  // namespace

spawn_options main_options(const scheduler& home) noexcept {
  constexpr std::size_t k_main_stack = std::size_t{8} << 20;
  return {.name = "main", .stack_size = std::max(k_main_stack, home.settings().stack_size)};
}

scheduler* this_runtime() noexcept { return on_fiber() ? &this_worker()->home() : nullptr; }

bool is_ending(const scheduler& runtime) noexcept { return runtime.is_stopping(); }

new_fiber make_fiber(scheduler* home, const spawn_options& options, source_site site) {
  scheduling_point();
  worker* const w = this_worker();
  scheduler& owner = home != nullptr ? *home : home_of_caller(w);
  stack_pool& stacks = options.stack_size == 0 ? owner.default_stacks() : stack_pool::for_size(options.stack_size);
  count_spawn(owner, w);
  fiber_block* fiber = nullptr;
  try {
    take_permit(w, stacks);
  } catch (...) {
    owner.take_back_spawn();
    throw;
  }
  try {
    fiber = w != nullptr ? w->take_block() : fiber_slab().take();
  } catch (const std::bad_alloc&) {
    return_permit(w, stacks);
    owner.take_back_spawn();
    throw std::system_error(std::make_error_code(std::errc::not_enough_memory),
                            "weft: no control block for another fiber: the system gives no more memory");
  }
  announce_acquire(static_cast<waiter*>(fiber));
  fiber->permit = &stacks;
  fiber->label.set(w != nullptr ? w->next_id() : take_fiber_ids(1), options.name, site);
  fiber->delivery = fiber->swallowed = 0;
  fiber->budget = owner.operation_budget();
  fiber->simulated = owner.is_simulated();
  fiber->waits_for = nullptr;
  fiber->pinned = false;
  fiber->pins = 0;
  fiber->pinned_to = fiber_block::k_to_none;
  // relaxed, all: the queue that the fiber goes to publishes them; before that they are hints for dumps.
  fiber->attention.reset(false, false);
  fiber->home.store(&owner, std::memory_order_relaxed);
  fiber->life.store(fiber_life::spawned, std::memory_order_relaxed);
  if (options.pinned) [[unlikely]]
    pin_from_birth(*fiber, w);
  if (const fiber_extension* const mine = find_extension(w); mine != nullptr && mine->inherited != 0) [[unlikely]]
    inherit_or_discard(*mine, *fiber);
  return {fiber, fiber->storage.data()};
}

void discard_fiber(fiber_block* fiber) noexcept {
  end_extension(*fiber);
  return_permit(this_worker(), *fiber->permit);
  scheduler& home = *fiber->home.load(std::memory_order_relaxed);  // relaxed: ours
  fiber->references.reset(1);
  release_fiber(fiber);
  home.take_back_spawn();
}

void start_detached(fiber_block* fiber, const fiber_body& body) noexcept {
  start(*fiber, body, join_state::detached, 1);
}
void start_joinable(fiber_block* fiber, const fiber_body& body) noexcept {
  start(*fiber, body, join_state::running, 2);
}

void fiber_main(arrival first) {
  first.on->announce_met();
  first.on->arrive(first.left);
  first.on->clear_exceptions();
  for (fiber_block* fiber = first.on->current();; fiber = this_fiber_block()) {
    announce_acquire(static_cast<waiter*>(fiber));
    fiber->runs_on->begin_fiber();
    if (fiber->pinned_to == fiber_block::k_to_the_first) [[unlikely]]
      fiber->pin();
    fiber->body->run(fiber->storage.data(), !fiber->is_cancel_requested());
    end_extension(*fiber);
    complete(*fiber);
    worker::finish(this_worker(), fiber);
  }
}

namespace {

[[noreturn]] void throw_joined_itself() {
  throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                          "weft: join of a fiber by itself, which would wait for its own end: join it elsewhere, or "
                          "detach its handle");
}

}  // namespace

void* join_fiber(fiber_block* fiber, bool shielded) {
  shielded ? scheduling_point() : cancellation_point();
  while (!fiber->joining.is_done()) {
    waiter& self = this_waiter();
    if (&self == fiber) [[unlikely]]
      throw_joined_itself();
    fiber->joiner = arm(self, shielded ? cancellation::ignored : cancellation::honoured);
    const bool waits = fiber->joining.await();
    if (!waits && disarm(fiber->joiner)) break;
    const wake_reason reason = park(fiber->joiner, deadline::never(), "join");
    if (reason == wake_reason::cancelled && waits && fiber->joining.withdraw()) throw_cancelled();
  }
  return fiber->storage.data();
}

// An exception that lies there already ends the process in the name of the fiber that threw it: spawn.hpp,
// joinable_body::drop_outcome.
void detach_fiber(fiber_block* fiber) noexcept {
  scheduling_point();
  if (!fiber->joining.detach()) fiber->body->drop_outcome(fiber->storage.data(), true);
  release_fiber(fiber);
}

void drop_joined(fiber_block* fiber) noexcept {
  fiber->body->drop_outcome(fiber->storage.data(), false);
  release_fiber(fiber);
}

fiber_handle& fiber_handle::operator=(fiber_handle&& from) noexcept {
  if (this == &from) return *this;
  if (fiber_ != nullptr) end();
  fiber_ = from.let_go();
  return *this;
}

void fiber_handle::end() noexcept {
  if (fiber_ == this_fiber_block()) return detach();
  request_stop();
  void* const storage = join_fiber(fiber_, true);
  if (const void* const thrown = fiber_->body->thrown(storage))
    tell_dropped_exception(*fiber_, *static_cast<const std::exception_ptr*>(thrown));
  drop_joined(let_go());
}

// Constant while the caller's handle holds the block.
fiber_id id_of(const fiber_block* fiber) noexcept { return fiber_id(fiber->label.id()); }

void throw_joined_nothing() {
  throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                          "weft: join of a handle that holds no fiber (joined before, detached or moved from)");
}

void throw_joined_cancelled() {
  throw std::system_error(std::make_error_code(std::errc::operation_canceled), "weft: the joined fiber was cancelled");
}

}  // namespace weft::detail
