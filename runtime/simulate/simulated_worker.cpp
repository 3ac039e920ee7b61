// Room: runtime. The worker of a simulation (simulation.hpp): the thread that simulates, for as long as it does. There
// is no loop here: the simulation says which fiber runs, and gets the thread back at the next switch.

#include <array>

#include "switching.hpp"
#include "system_thread.hpp"
#include "this_worker.hpp"

namespace weft::detail {

void worker::begin_simulated() noexcept {
  set_this_worker(this);
  thread_id = this_thread_number();
  exceptions_ = this_thread_exception_state();
  adopt_thread(own_);
  next_id_ = 1;  // the same numbers in each simulation
  last_id_ = UINT64_MAX;
  next_visit_ = 0;  // every switch comes home
  begin_in_seat();
  note_time();
}

void worker::end_simulated() noexcept {
  announce_acquire(this);
  flush_magazine();
  stacks.flush();
  set_this_worker(nullptr);
}

// As in run(). The thread was not made for this, and may be in the middle of handlers of its own.
WEFT_NO_TSAN void worker::run_simulated(fiber_block* fiber) noexcept {
  if (!is_ready_to_run(fiber)) return;
  note_time();
  const exception_state of_thread = *exceptions_.get();
  current_ = fiber;
  fiber->runs_on = this;
  leaving_ = nullptr;
  const arrival back = switch_context(own_, fiber->registers, this, leaving::to_come_back);
  arrive(back.left);
  *exceptions_.get() = of_thread;
}

// From whichever queue; null: none is ready.
fiber_block* worker::take_any_ready() noexcept {
  if (has_next())
    if (fiber_block* const fiber = take_next()) return fiber;
  if (fiber_block* const fiber = ring_.pop()) return fiber;
  if (fiber_block* const fiber = inbox_.take()) return fiber;
  if (home_.inject.size() == 0) return nullptr;
  fiber_block* fiber = nullptr;
  if (home_.inject.take_begun(&fiber, 1) != 0) return fiber;
  return home_.inject.take_fresh(&fiber, 1, inject_queue::spilled::newest) != 0 ? fiber : nullptr;
}

}  // namespace weft::detail
