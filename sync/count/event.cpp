// Room: sync. See event.hpp.
//
// "Setting", both sides:
//   waiter                                            setter
//   E1 set: return, without the lock                  S1 lock; set
//   E2 otherwise lock; set: unlock, return            S2 claim every waiter
//   E3 enqueue, unlock, park                          S3 unlock, unpark them
//   E4 not woken: leave ("Leaving", wait_queue.hpp)
// - Flag and list change under one lock, so nobody waits while the event is set (waiters that can no longer be won
//   excepted), and a reset that follows takes nobody back: they were claimed.
// - The unlock in S3 is the last that set() does to the event. Whoever returns by E1 may be ahead of it, and the
//   destructor therefore passes through the lock.
// Rejected: a set() without the lock while nobody waits. It would have to tell a reset and an enqueue in between apart,
// by a word of three states; events are set seldom.

#include <weft/sync/event.hpp>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>

namespace weft {

void event::set() noexcept {
  const detail::scheduling_points around;
  detail::won_chain woken;
  detail::internal_guard held(waiters_.lock);
  // release: publishes what came before to whoever does not take the lock; pairs with is_set().
  set_.store(true, std::memory_order_release);
  waiters_.claim(detail::wait_queue::k_all, woken);
}  // unlocks, then unparks: the guard ends before the chain

void event::reset() noexcept {
  detail::scheduling_point();
  detail::internal_guard held(waiters_.lock);
  set_.store(false, std::memory_order_relaxed);  // relaxed: publishes nothing
}

bool event::wait_within(deadline until) {
  detail::cancellation_point();
  if (is_set()) return true;
  detail::wait_node node;
  {
    detail::internal_guard held(waiters_.lock);
    if (is_set()) return true;
    waiters_.enqueue(node);
  }
  const detail::wake_reason reason = detail::park(node.token, until, "event");
  if (reason == detail::wake_reason::ready) return true;
  waiters_.leave(node);
  if (reason == detail::wake_reason::cancelled) detail::throw_cancelled();
  return false;
}

}  // namespace weft
