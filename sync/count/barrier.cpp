// Room: sync. See barrier.hpp.
//
// "Meeting", both sides:
//   waiter                                            who arrives
//   B1 the phase is over: return, without the lock    M1 lock; pending - n; not the last: unlock, done
//   B2 otherwise lock; it is over: unlock, return     M2 the last: unlock; run the completion, under no lock
//   B3 enqueue, unlock, park                          M3 lock; the next phase; pending = expected
//                                                     M4 claim every waiter, unlock, unpark them
// - Between M2 and M3 pending is 0: nobody can arrive, and the phase is not over. So one runs the completion, and the
//   phase cannot change but by him.
// - Whoever waits can be won by M4 alone (the wait is not a cancellation point and has no limit), so nobody leaves
//   unasked, and the next phase begins with an empty list. But a simulation in which all are asleep for ever may end
//   it: then it leaves the list, under the lock.
// - The unlock in M4 is the last that the last arrival does to the barrier. Whoever returns by B1 may be ahead of it,
//   and the destructor therefore passes through the lock.

#include <weft/sync/barrier.hpp>

namespace weft::detail {

barrier_core::arrival barrier_core::arrive(std::ptrdiff_t n, std::ptrdiff_t drops) {
  internal_guard held(lock_);
  if (n <= 0 || n > pending_)
    throw std::logic_error("weft::barrier: more have arrived than this phase expects, or less than one");
  pending_ -= n;
  expected_ -= drops;
  // relaxed: written under the lock.
  return {phase_.load(std::memory_order_relaxed), pending_ == 0};
}

void barrier_core::open_next() noexcept {
  won_chain woken;
  internal_guard held(lock_);
  pending_ = expected_;
  // relaxed: written under the lock. release: publishes the completion and what came before every arrival, which the
  // lock has brought here; pairs with is_over().
  phase_.store(phase_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  woken.take_all(waiters_, wake_reason::ready);
}  // unlocks, then unparks: the guard ends before the chain

void barrier_core::wait(std::uint64_t phase) {
  switch_point();
  if (is_over(phase)) return;
  wait_node node;
  {
    internal_guard held(lock_);
    if (is_over(phase)) return;
    node.token = arm(cancellation::unless_stuck);
    waiters_.push_back(node);
  }
  if (park(node.token, deadline::never(), "barrier") != wake_reason::cancelled) [[likely]]
    return;
  {
    internal_guard held(lock_);
    waiters_.remove(node);
  }
  throw_cancelled();
}

}  // namespace weft::detail
