// Room: runtime. See detail/abandonable_call.hpp. "Abandoning": abandon_word.hpp.

#include <weft/runtime/detail/abandonable_call.hpp>

#include <atomic>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/real_env.hpp>

#include "abandon_word.hpp"
#include "fiber_block.hpp"
#include "helpers.hpp"
#include "own_threads.hpp"
#include "scheduler.hpp"
#include "this_worker.hpp"
#include "worker.hpp"

namespace weft::detail {

namespace {

// A count of those that run on. It may be less than 0 for a moment: who abandons counts after the word has told it that
// the call runs, and the call may end in between.
constinit std::atomic<int> running_on{0};

struct abandonable_job : helper_job {
  abandonable_job(std::unique_ptr<abandonable_call> what, wait_token token, const signal_mask& makers) noexcept;

  std::unique_ptr<abandonable_call> call;
  const wait_token caller;
  const signal_mask makers_signals;  // a copy: the runtime may end first
  abandon_word<real_env> word;
};

void serve_abandonable(helper_job& self, helper_call&, const signal_mask& between) noexcept {
  auto& mine = static_cast<abandonable_job&>(self);
  std::unique_ptr<abandonable_job> if_ours(&mine);
  if (!mine.word.begin()) return;
  mine.call->run();
  between.apply();
  const wait_token caller = mine.caller;
  if (mine.word.finish()) {
    static_cast<void>(if_ours.release());
    if (const claimed won = claim(caller, wake_reason::ready)) unpark(won);
  } else {
    running_on.fetch_sub(1, std::memory_order_relaxed);  // a counter
  }
}

abandonable_job::abandonable_job(std::unique_ptr<abandonable_call> what, wait_token token,
                                 const signal_mask& makers) noexcept
    : helper_job{&serve_abandonable, &makers_signals}, call(std::move(what)), caller(token), makers_signals(makers) {}

// C3. True: it has run.
bool take_back_or_abandon(std::unique_ptr<abandonable_job>& job) noexcept {
  const abandon_state was = job->word.abandon();
  if (was == abandon_state::done) return true;
  if (was == abandon_state::running) running_on.fetch_add(1, std::memory_order_relaxed);  // a counter
  static_cast<void>(job.release());
  return false;
}

std::unique_ptr<abandonable_job> submit(std::unique_ptr<abandonable_call> call) {
  const wait_token token = arm(cancellation::honoured);
  try {
    const signal_mask& makers = this_fiber_block()->runs_on->home().makers_signals();
    auto job = std::make_unique<abandonable_job>(std::move(call), token, makers);
    give_to_helpers(*job);
    return job;
  } catch (...) {
    // No helper has it; but a request to end may have claimed the wait, and who has claimed it must be met.
    if (!disarm(token)) (void)park(token, deadline::never(), "refused call");
    throw;
  }
}

}  // namespace

bool is_full_of_abandoned_calls() noexcept {
  return running_on.load(std::memory_order_relaxed) >= k_most_abandoned_calls;  // relaxed: a counter
}

std::unique_ptr<abandonable_call> run_abandonable(std::unique_ptr<abandonable_call> call, deadline until,
                                                  wait_label label) {
  cancellation_point();
  if (this_fiber_block()->simulated) {  // in place, as blocking
    call->run();
    return call;
  }
  const outside_call counted;
  std::unique_ptr<abandonable_job> job = submit(std::move(call));
  const wake_reason reason = park(job->caller, until, label);
  if (reason != wake_reason::ready && !take_back_or_abandon(job)) {
    if (reason == wake_reason::cancelled) throw_cancelled();
    return nullptr;
  }
  if (reason == wake_reason::cancelled) throw_cancelled();
  return std::move(job->call);
}

}  // namespace weft::detail
