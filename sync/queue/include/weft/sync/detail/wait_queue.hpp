#pragma once
// Room: sync. A wait_list with its lock, for primitives whose waiters may leave unasked (their time ran out, they were
// cancelled) and whose contract lets them be destroyed as soon as every waiter has been *woken*. A waiter that was
// woken does not touch the primitive again; one that leaves unasked has to take the lock once more, and the destructor
// waits for it. What is waited for belongs to the primitive.
//
// "Leaving", both sides, everything under the lock:
//   waiter                                            destructor
//   V1 enqueue: inside + 1                            D1 inside = 0: done
//   V2 woken: its waker has taken 1 off               D2 leave a token here; unlock; park
//   V3 not woken: dequeue, inside - 1; at 0 claim the
//      destructor's token; unlock; unpark it
// The lock's exchange in V3 is the last that the waiter does to the primitive: the destructor goes on only after the
// unpark.
// A waiter that has to run its caller's code between V1 and its park must not arm before it, because that code may wait
// itself. It enrolls first (V0: inside + 1, on the list, no token) and arms afterwards (V1), unless a waker has taken
// it off meanwhile: then it is woken, and still inside until it has looked, which is V3's second half.
// Next: wait_group.hpp, condition_variable.hpp, condition_variable_any.hpp, which are such primitives.

#include <atomic>
#include <cstdint>
#include <limits>

#include <weft/runtime/detail/atomic.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/runtime/park.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

class wait_queue {
 public:
  static constexpr std::uint32_t k_all = std::numeric_limits<std::uint32_t>::max();

  constexpr wait_queue() noexcept = default;
  wait_queue(const wait_queue&) = delete;
  wait_queue& operator=(const wait_queue&) = delete;

  // D1, D2: what the destructor of the primitive calls first. Not a cancellation point.
  void wait_until_left(wait_label what) noexcept;

  // Guards the queue, and what the primitive likes.
  internal_lock lock;

  // V1: arms a wait that is a cancellation point.
  void enqueue(wait_node& node) noexcept WEFT_REQUIRES(lock);

  // V0: on the list, and counted, without being armed.
  void enroll(wait_node& node) noexcept WEFT_REQUIRES(lock);

  // V1 after V0, by the same fiber or thread. An empty token: woken meanwhile, and out. Takes the lock.
  [[nodiscard]] wait_token arm_enrolled(wait_node& node) noexcept WEFT_EXCLUDES(lock);

  // V2: claims up to `most` waiters, in their order, those that can no longer be won left out; how many it has won.
  // Unpark `woken` after the lock.
  std::uint32_t claim(std::uint32_t most, won_chain& woken) noexcept WEFT_REQUIRES(lock);

  // Who waits longest; null if nobody is on the list.
  [[nodiscard]] const wait_node* front() const noexcept WEFT_REQUIRES(lock) { return waiters_.front(); }

  // V2 for the one in front, which is off the list then. False: it could no longer be won. None may be enrolled alone.
  bool claim_front(won_chain& woken) noexcept WEFT_REQUIRES(lock);

  // Nobody is on the list: fewer than were asked for have been won, or just as many.
  [[nodiscard]] bool empty() const noexcept WEFT_REQUIRES(lock) { return waiters_.empty(); }

  // V3, by the waiter whose park did not return `ready`, or that enrolled and did not arm. Takes the lock.
  void leave(wait_node& node) noexcept WEFT_EXCLUDES(lock);

  // The same for a primitive that has more to do under the lock. Unpark what is returned after it, and touch the
  // primitive no more.
  [[nodiscard]] claimed dequeue(wait_node& node) noexcept WEFT_REQUIRES(lock);

  // Any thread, without the lock: exact for whoever is ordered after the enqueuer by other means.
  [[nodiscard]] bool nobody_inside() const noexcept {
    // relaxed: only the count; what it stands for is guarded by the lock.
    return inside_.load(std::memory_order_relaxed) == 0;
  }

 private:
  // relaxed: written under the lock alone.
  void count(std::uint32_t n) noexcept {
    inside_.store(inside_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  // One that was counted is out. Unpark what is returned after the lock: the destructor.
  claimed count_out() noexcept WEFT_REQUIRES(lock);

  // Written under lock, read by any thread. Enqueued and not woken, or on the way out.
  atomic<std::uint32_t> inside_{0};
  wait_list waiters_ WEFT_GUARDED_BY(lock);
  wait_token destructor_ WEFT_GUARDED_BY(lock);
};

}  // namespace weft::detail

#pragma GCC visibility pop
