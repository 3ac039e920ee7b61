// Room: sync. See condition_variable_any.hpp.
//
// "Notifying any", both sides. As "Notifying" (condition_variable.cpp), but that the caller's unlock() may be anything,
// also something that waits, and so comes before the waiter arms:
//   waiter, holding the lock                          notifier
//   Y1 under the queue's lock: enroll                 N1 nobody inside: done, without the lock
//   Y2 unlock the caller's lock                       N2 under the lock, from the front: claim who is armed,
//   Y3 under the queue's lock: taken off the list         take off the list who has only enrolled
//      meanwhile: notified, to Y6. Otherwise arm      N3 unlock, unpark
//   Y4 park
//   Y5 not notified: leave ("Leaving", wait_queue.hpp)
//   Y6 lock the caller's lock again
// - Y1 comes before Y2, so a notifier that has had the lock since then finds the waiter in the list.
// - A waiter that is notified before Y3 has no wait that could be cancelled or time out: it was notified.
// - After Y3 or Y5, or a notified Y4, the waiter does not touch the queue again.

#include <weft/sync/condition_variable_any.hpp>

namespace weft {

namespace detail {

any_wait::any_wait(wait_queue& in) noexcept : in_(in) {
  internal_guard held(in.lock);
  in.enroll(node_);
}

any_wait::~any_wait() {
  if (!has_ended_) in_.leave(node_);
}

wake_reason any_wait::park(deadline until, stop_waker* stop) noexcept {
  has_ended_ = true;
  const wait_token token = in_.arm_enrolled(node_);
  if (token.who == nullptr) return wake_reason::ready;
  if (stop != nullptr) stop->watch(token);
  const wake_reason reason = detail::park(token, until, "condition variable");
  if (reason != wake_reason::ready) in_.leave(node_);
  return reason;
}

}  // namespace detail

void condition_variable_any::notify(std::uint32_t most) noexcept {
  detail::won_chain woken;
  detail::internal_guard held(waiters_.lock);
  waiters_.claim(most, woken);
}  // unlocks, then unparks: the guard ends before the chain

}  // namespace weft
