#pragma once
// Room: sync. A std::stop_token as one more claimant of a wait, or of one wait after another of the same fiber or
// thread. Stands on the waiter's frame.
//
// "Stopping", both sides under the lock here:
//   waiter                                            who requests the stop
//   T1 arm, unlock the primitive                      T4 requested = true; take the token
//   T2 requested already: claim for itself            T5 claim it "again"; unpark
//      otherwise leave the token
//   T3 park; again: leave the primitive's queue
// - One of T2 and T4 comes first, so no request is lost between a look at the stop_token and the park.
// - T5 touches the waiter's word alone: not the primitive, which may be gone once the waiter was notified, and no lock
//   of the caller. A token of an earlier wait is claimed in vain.
// T4 and T5 are no scheduling points of a simulation: they run inside std's request_stop(), whose callbacks must not
// park. Those of the waiter are its wait's.

#include <stop_token>

#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>
#include <weft/runtime/park.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

class stop_waker {
 public:
  explicit stop_waker(std::stop_token stop);
  // Waits for a request that is calling this very waker, which is never for long: it does not park.
  ~stop_waker();
  stop_waker(const stop_waker&) = delete;
  stop_waker& operator=(const stop_waker&) = delete;

  // T2.
  void watch(wait_token token) noexcept;

 private:
  struct caller {
    stop_waker* calls;
    void operator()() const noexcept { calls->wake(); }
  };

  void wake() noexcept;  // T4, T5: any thread

  internal_lock lock_;
  bool is_requested_ WEFT_GUARDED_BY(lock_) = false;
  wait_token token_ WEFT_GUARDED_BY(lock_);
  std::stop_callback<caller> callback_;  // the last: it may call at once
};

}  // namespace weft::detail

#pragma GCC visibility pop
