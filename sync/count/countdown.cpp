// Room: sync. See detail/countdown.hpp.
//
// "Counting down", both sides:
//   waiter                                            who takes n off (wait_group's done, latch's count_down)
//   G1 count = 0: return, without the lock            D1 count > n: count - n, one step, no lock: done
//   G2 otherwise lock; count = 0: unlock, return      D2 otherwise lock, count - n
//   G3 enqueue, unlock, park                          D3 zero: claim every waiter, unlock, unpark them
// - The count becomes zero only under the lock (D2), and a waiter enqueues only under it (G2): none is forgotten.
// - The unlock in D3 is the last that a taker does to the primitive. Whoever returns by G1 may be ahead of it, and the
//   destructor therefore passes through the lock.
// - D1 is enough for all but the last, because they let nobody go. What came before one reaches the next one through
//   the count, and the waiters through the count, the lock or unpark.

#include <weft/sync/detail/countdown.hpp>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>

namespace weft::detail {

bool countdown::add(std::int32_t n) noexcept {
  if (!is_anything_simulated()) [[likely]]
    return add_now(n);
  const scheduling_points around;
  return add_now(n);
}

bool countdown::take(std::int64_t n) noexcept {
  if (!is_anything_simulated()) [[likely]]
    return take_now(n);
  const scheduling_points around;
  return take_now(n);
}

bool countdown::add_now(std::int32_t n) noexcept {
  // relaxed: only a guess for the exchange.
  std::int32_t count = count_.load(std::memory_order_relaxed);
  do {
    if (count > k_max - n) return false;
    // relaxed: counting in publishes nothing; the one that is counted is handed what it needs when it is started.
  } while (!count_.compare_exchange_weak(count, count + n, std::memory_order_relaxed, std::memory_order_relaxed));
  return true;
}

bool countdown::take_now(std::int64_t n) noexcept { return n == 0 || try_take(n) || take_last(n); }

// D1.
bool countdown::try_take(std::int64_t n) noexcept {
  // relaxed: only a guess for the exchange.
  std::int32_t count = count_.load(std::memory_order_relaxed);
  while (count > n) {
    // acq_rel: publishes what came before this one, and passes on what earlier ones published; pairs with itself and
    // with take_last().
    if (count_.compare_exchange_weak(count, static_cast<std::int32_t>(count - n), std::memory_order_acq_rel,
                                     std::memory_order_relaxed))
      return true;
  }
  return false;
}

// D2, D3.
bool countdown::take_last(std::int64_t n) noexcept {
  won_chain woken;
  internal_guard held(waiters_.lock);
  // relaxed: only a guess for the exchange.
  std::int32_t count = count_.load(std::memory_order_relaxed);
  do {
    if (count < n) return false;
    // acq_rel: as in try_take(); the unlock and unpark pass it on to the waiters.
  } while (!count_.compare_exchange_weak(count, static_cast<std::int32_t>(count - n), std::memory_order_acq_rel,
                                         std::memory_order_relaxed));
  if (count == n) waiters_.claim(wait_queue::k_all, woken);
  return true;
}  // unlocks, then unparks: the guard ends before the chain

void countdown::wait(wait_label what) {
  cancellation_point();
  if (is_zero()) return;
  wait_node node;
  {
    internal_guard held(waiters_.lock);
    if (is_zero()) return;
    waiters_.enqueue(node);
  }
  if (park(node.token, deadline::never(), what) == wake_reason::ready) return;
  waiters_.leave(node);
  throw_cancelled();
}

}  // namespace weft::detail
