#pragma once
// Room: runtime. The helper threads, which run what may block: one queue for the process. blocking.hpp is what users
// see.

#include "helper_call.hpp"
#include "thread_signals.hpp"

namespace weft::detail {

struct helper_job {
  // Does all of it, on a helper: the last that anybody on that side does with the job. `between` is the signal mask of
  // a helper that has nothing to do, to be put on before anybody is told that the job is done.
  void (*serve)(helper_job& self, helper_call& now, const signal_mask& between) noexcept;
  const signal_mask* signals;  // while it is served; outlives the job
  helper_job* next = nullptr;  // the queue's
};

// In a child of fork(), which has none: they begin anew. What was given to the parent's is the parent's to do.
void forget_helpers() noexcept;

// Any thread. Throws std::system_error: there is no thread, and none can be had.
void give_to_helpers(helper_job& job);

}  // namespace weft::detail
