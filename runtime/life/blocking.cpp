// Room: runtime. See blocking.hpp and helpers.hpp. Helper threads for the whole process, made when a call finds none
// idle, up to a limit; further calls queue. They are never joined: a few wait for ever, at no cost, and the others end
// when they have had nothing to do for some seconds. One keeps nothing of the call that made it, nor of the one before
// (process_defaults.hpp). Between two calls it takes no signal: the runtime whose mask it had may be gone, and a
// program that then waits for a signal somewhere else must not lose it to an idle thread of ours.

#include <weft/runtime/blocking.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>

#include <weft/runtime/park.hpp>

#include "fiber_block.hpp"
#include "handler_stack.hpp"
#include "helper_call.hpp"
#include "helpers.hpp"
#include "own_threads.hpp"
#include "process_defaults.hpp"
#include "scheduler.hpp"
#include "system_thread.hpp"
#include "this_worker.hpp"
#include "worker.hpp"

namespace weft::detail {

namespace {

struct waited_job : helper_job {  // on the frame of the fiber that waits for it
  void (*f)(void*) noexcept;
  void* argument;
  wait_token token;
  const fiber_block* caller;  // waits, and so does its runtime
  const void* returns_to;     // in its code
};

void serve_waited(helper_job& self, helper_call& now, const signal_mask& between) noexcept {
  auto& mine = static_cast<waited_job&>(self);
  now.begin(mine.caller, mine.returns_to);
  mine.f(mine.argument);
  now.end();
  between.apply();
  if (const claimed won = claim(mine.token, wake_reason::ready)) unpark(won);
}

class helpers {
 public:
  void submit(helper_job& j) {
    const std::scoped_lock lock(mutex_);
    // Before the job is queued: a refused thread must leave nothing behind. With one helper there is at least progress.
    if (idle_ <= queued_ && threads_ < k_most_threads) add_thread();
    (tail_ != nullptr ? tail_->next : head_) = &j;
    tail_ = &j;
    ++queued_;
    wanted_.notify_one();
  }

 private:
  static constexpr std::size_t k_most_threads = 1024;
  static constexpr std::size_t k_kept_threads = 16;
  static constexpr std::chrono::seconds k_patience{10};

  void add_thread() {
    try {
      std::thread([this] { serve(); }).detach();
      ++threads_;
    } catch (const std::system_error&) {
      if (threads_ == 0) throw;
    }
  }

  void serve() noexcept {
    const own_thread counted;
    const handler_stack for_overflows;
    helper_call now;
    const signal_mask between = signal_mask::of_synchronous_alone();
    between.apply();
    take_processors_and_scheduling_of_main_thread();
    name_this_thread("weft-blocking");
    while (helper_job* const j = take()) {
      take_default_float_environment();
      j->signals->apply();
      j->serve(*j, now, between);
    }
  }

  // Null: the thread is one too many.
  helper_job* take() {
    std::unique_lock lock(mutex_);
    ++idle_;
    const auto is_wanted = [this] { return head_ != nullptr; };
    if (!wanted_.wait_for(lock, k_patience, is_wanted)) {
      if (threads_ > k_kept_threads) {
        --threads_;
        --idle_;
        return nullptr;
      }
      wanted_.wait(lock, is_wanted);
    }
    --idle_;
    --queued_;
    helper_job* const j = head_;
    head_ = j->next;
    if (head_ == nullptr) tail_ = nullptr;
    return j;
  }

  std::mutex mutex_;
  std::condition_variable wanted_;
  // Guarded by mutex_.
  helper_job* head_ = nullptr;
  helper_job* tail_ = nullptr;
  std::size_t queued_ = 0;
  std::size_t idle_ = 0;
  std::size_t threads_ = 0;
};

helpers& all_helpers() {
  static auto* const h = new helpers;  // never destroyed
  return *h;
}

}  // namespace

// Over the old ones, whose locks may be held by threads that are gone.
void forget_helpers() noexcept { new (&all_helpers()) helpers; }

void give_to_helpers(helper_job& job) { all_helpers().submit(job); }

void run_blocking(void (*f)(void*) noexcept, void* argument) {
  if (!on_fiber()) return f(argument);
  cancellation_point();
  if (this_fiber_block()->simulated) {
    const shield_scope held;  // as on the helper, where nothing is delivered
    return f(argument);
  }
  const outside_call counted;
  fiber_block& caller = *this_fiber_block();
  waited_job j{{&serve_waited, &caller.runs_on->home().makers_signals()},
               f,
               argument,
               arm(cancellation::ignored),
               &caller,
               __builtin_return_address(0)};
  caller.calls_outside = true;
  try {
    give_to_helpers(j);
  } catch (...) {
    (void)disarm(j.token);  // nobody has it
    caller.calls_outside = false;
    throw;
  }
  (void)park(j.token, deadline::never(), "blocking call");
  caller.calls_outside = false;
}

}  // namespace weft::detail
