// Room: runtime. See runtime.hpp.

#include <weft/runtime/runtime.hpp>

#include <stdexcept>
#include <string>

#include "deadlock.hpp"
#include "quit_dump.hpp"
#include "scheduler.hpp"
#include "settings.hpp"
#include "stack_overflow.hpp"
#include "terminate.hpp"

namespace weft {

runtime::runtime(const options& wanted, detail::clock_source* clock) {
  refuse_on_fiber("runtime");
  detail::name_fibers_on_terminate();
  detail::report_stack_overflows();
  scheduler_ = detail::owned(new detail::scheduler(detail::settle_options(wanted), clock));
  if (wanted.quit == on_quit::dump) detail::begin_quit_dump(scheduler_->watch());
}

runtime::~runtime() {
  if (scheduler_ == nullptr) return;
  const bool has_ended = scheduler_->stop();
  detail::end_quit_dump(scheduler_->watch());
  if (!has_ended) (void)scheduler_.release();
}

void runtime::stop() {
  refuse_on_fiber("runtime::stop");
  if (scheduler_ == nullptr) return;
  if (scheduler_->is_inside())
    throw std::logic_error(
        "weft: runtime::stop in a blocking call of one of its own fibers, which cannot end before the call does: stop "
        "it "
        "on a thread of its own");
  (void)scheduler_->stop();
  detail::end_quit_dump(scheduler_->watch());
}

void runtime::look_again() noexcept { scheduler_->look_again(); }

detail::scheduler& runtime::running() const {
  if (scheduler_->is_shut()) throw std::logic_error("weft: go or run on a runtime that was stopped");
  return *scheduler_;
}

void runtime::await(detail::fiber_block* main) const { detail::await_main(*scheduler_, main); }

void runtime::refuse_on_fiber(const char* call) {
  if (detail::on_fiber())
    throw std::logic_error(std::string("weft: ") + call +
                           " inside a fiber: it would block the worker; use go or spawn");
}

}  // namespace weft
