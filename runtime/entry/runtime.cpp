// Room: runtime. See runtime.hpp.

#include <weft/runtime/runtime.hpp>

#include <stdexcept>
#include <string>

#include <dlfcn.h>
#include <pthread.h>

#include "deadlock.hpp"
#include "forks.hpp"
#include "helpers.hpp"
#include "quit_dump.hpp"
#include "scheduler.hpp"
#include "settings.hpp"
#include "stack_overflow.hpp"
#include "terminate.hpp"

namespace weft {

namespace {

using detail::refuse_in_forked_child;

// "After fork". Once; before there is a thread of ours, so that each child is told.
void watch_forks() {
  [[maybe_unused]] static const int watching = ::pthread_atfork(nullptr, nullptr, [] {
    detail::begin_child();
    detail::forget_helpers();
  });
}

bool is_left_in_the_parent(const detail::scheduler& of) noexcept { return of.is_of_parent() && !of.is_shut(); }

// libweft_interpose, where it is loaded, is told of each runtime and by which weft it is run: there may be two in a
// process.
void meet_who_takes_libcs_names() noexcept {
  using meets = void (*)(const void* code) noexcept;
  const auto tell = reinterpret_cast<meets>(::dlsym(RTLD_DEFAULT, "weft_interpose_meets"));
  if (tell != nullptr) tell(reinterpret_cast<const void*>(&meet_who_takes_libcs_names));
}

}  // namespace

runtime::runtime(const options& wanted, detail::clock_source* clock) {
  refuse_on_fiber("runtime");
  refuse_in_forked_child("run, or a runtime");
  watch_forks();
  detail::name_fibers_on_terminate();
  detail::report_stack_overflows();
  meet_who_takes_libcs_names();
  scheduler_ = detail::owned(new detail::scheduler(detail::settle_options(wanted), clock));
  if (wanted.quit == on_quit::dump) detail::begin_quit_dump(scheduler_->watch());
}

runtime::~runtime() {
  if (scheduler_ == nullptr) return;
  bool has_ended = false;
  if (!is_left_in_the_parent(*scheduler_)) {
    has_ended = scheduler_->stop();
    detail::end_quit_dump(scheduler_->watch());
  }
  if (!has_ended) (void)scheduler_.release();
}

void runtime::stop() {
  refuse_on_fiber("runtime::stop");
  if (scheduler_ == nullptr || is_left_in_the_parent(*scheduler_)) return;
  if (scheduler_->is_inside())
    throw std::logic_error(
        "weft: runtime::stop in a blocking call of one of its own fibers, which cannot end before the call does: let "
        "another thread stop it");
  (void)scheduler_->stop();
  detail::end_quit_dump(scheduler_->watch());
}

void runtime::look_again() noexcept { scheduler_->look_again(); }

detail::scheduler& runtime::running() const {
  if (is_left_in_the_parent(*scheduler_)) detail::refuse_in_forked_child("go or run on a runtime of the parent's");
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
