// Room: sync. See wait_group.hpp.
//
// "Counting down", both sides:
//   waiter                                            done
//   G1 count = 0: return, without the lock            D1 count > n: count - n, one step, no lock: done
//   G2 otherwise lock; count = 0: unlock, return      D2 otherwise lock, count - n
//   G3 enqueue, unlock, park                          D3 zero: claim every waiter, unlock, unpark them
// - The count becomes zero only under the lock (D2), and a waiter enqueues only under it (G2): none is forgotten.
// - The unlock in D3 is the last that a done() does to the group. Whoever returns by G1 may be ahead of it, and the
//   destructor therefore passes through the lock.
// - D1 is enough for all but the last, because they let nobody go. What came before a done() reaches the next one
//   through the count, and the waiters through the count, the lock or unpark.

#include <weft/sync/wait_group.hpp>

#include <limits>
#include <stdexcept>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>

namespace weft {

void wait_group::add(std::int32_t n) {
  const detail::scheduling_points around;
  if (n < 0) {
    if (!try_take(n)) take_last(n);
    return;
  }
  // relaxed: only a guess for the exchange.
  std::int32_t count = count_.load(std::memory_order_relaxed);
  do {
    if (count > std::numeric_limits<std::int32_t>::max() - n)
      throw std::logic_error("weft::wait_group: add() beyond 2^31 - 1");
    // relaxed: counting in publishes nothing; the one that is counted is handed what it needs when it is started.
  } while (!count_.compare_exchange_weak(count, count + n, std::memory_order_relaxed, std::memory_order_relaxed));
}

// D1.
bool wait_group::try_take(std::int32_t n) {
  std::int32_t count = count_.load(std::memory_order_relaxed);
  while (count > -static_cast<std::int64_t>(n)) {
    // acq_rel: publishes what came before this done(), and passes on what earlier ones published; pairs with itself and
    // with take_last().
    if (count_.compare_exchange_weak(count, count + n, std::memory_order_acq_rel, std::memory_order_relaxed))
      return true;
  }
  return false;
}

// D2, D3.
void wait_group::take_last(std::int32_t n) {
  detail::won_chain woken;
  detail::internal_guard held(waiters_.lock);
  // relaxed: only a guess for the exchange.
  std::int32_t count = count_.load(std::memory_order_relaxed);
  do {
    if (static_cast<std::int64_t>(count) + n < 0)
      throw std::logic_error("weft::wait_group: done() more often than add()");
    // acq_rel: as in try_take(); the unlock and unpark pass it on to the waiters.
  } while (!count_.compare_exchange_weak(count, count + n, std::memory_order_acq_rel, std::memory_order_relaxed));
  if (count + n == 0) waiters_.claim(detail::wait_queue::k_all, woken);
}  // unlocks, then unparks: the guard ends before the chain

void wait_group::wait() {
  detail::cancellation_point();
  // acquire: sees what came before the done()s; pairs with take_last().
  if (count_.load(std::memory_order_acquire) == 0) return;
  detail::wait_node node;
  {
    detail::internal_guard held(waiters_.lock);
    // acquire: as above.
    if (count_.load(std::memory_order_acquire) == 0) return;
    waiters_.enqueue(node);
  }
  if (detail::park(node.token, deadline::never(), "wait group") == detail::wake_reason::ready) return;
  waiters_.leave(node);
  detail::throw_cancelled();
}

}  // namespace weft
