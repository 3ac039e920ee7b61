// Room: runtime. See runtime.hpp, and poller.hpp for this_poller.

#include <weft/runtime/runtime.hpp>

#include <stdexcept>
#include <string>

#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/runtime/poller.hpp>

#include "deadlock.hpp"
#include "environment.hpp"
#include "scheduler.hpp"
#include "this_worker.hpp"

namespace weft {

runtime::runtime(const options& wanted, detail::clock_source* clock) {
  refuse_on_fiber("runtime");
  scheduler_ = detail::owned(new detail::scheduler(detail::settle_options(wanted), clock));
}

runtime::~runtime() { stop(); }

void runtime::stop() {
  refuse_on_fiber("runtime::stop");
  if (scheduler_ != nullptr) scheduler_->stop();
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

void detail::require_poller(const char* call) {
  require_fiber(call);
  if (is_anything_simulated() && this_fiber_block()->simulated) [[unlikely]]
    refuse_in_simulation(call);
}

void detail::refuse_in_simulation(const char* call) {
  throw std::logic_error(std::string("weft: ") + call +
                         " inside a simulation: no seed replays what lies outside of it; simulate what comes and goes "
                         "there with channels");
}

detail::poller& detail::this_poller(std::unique_ptr<poller> (*make)()) {
  require_poller("net");
  return this_worker()->home().install(make);
}

}  // namespace weft
