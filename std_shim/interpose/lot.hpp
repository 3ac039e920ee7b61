#pragma once
// std_shim, interpose: the lot, where fibers wait for a word of libc's (a mutex, a semaphore, a futex), by its address.
// The word stays libc's: who waits tries it again by libc's own try function, and who gives it back does so by libc's
// own function first.
//
// "Waiting for libc's word"
//   waiter, after libc's try failed                  giver
//   A1 inside + 1                                    N0 libc's unlock, post, or the change before a wake
//   A2 fence                                         N1 fence
//   A3 lock; try again; has it: unlock, to A7        N2 inside is 0: done
//   A4 enqueue, unlock                               N3 lock; claim the first who waits at this address
//   A5 park                                          N4 unlock, unpark
//   A6 woken: to A3, at the front. Else: lock,
//      dequeue
//   A7 inside - 1
// - Of A3 and N2 one sees the other's: A3's try comes after N0 and has the word, or N2 sees the count of A1. Then
// either
//   N3 finds the waiter, or A3 locks after N4 and tries after N0.
// - Whoever barges in between takes the word and gives it back by N0: who was woken for nothing is still counted (A7 is
//   yet to come), and is found then.
// - A waiter that leaves at its deadline, or asked to end, although it was won: it is never both; a claim is one
//   compare-and-swap (park.hpp).
// Threads wait inside libc, which wakes them at N0. There is no model of it yet.

#include <atomic>
#include <cerrno>
#include <cstdint>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/real_env.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/pin_guard.hpp>

#include "lot_count.hpp"

namespace weft::interpose {

struct lot_env : detail::real_env {
  // N1. On x86 what gave the word back was a locked instruction, which is a full fence to the processor; a fiber that
  // waits is proof that there was more than one thread, so libc took no short cut.
  static void fence_after_release() noexcept {
#if defined(__x86_64__)
    std::atomic_signal_fence(std::memory_order_seq_cst);
#else
    fence();
#endif
  }
};

// A plain thread in a condition variable's queue: it sleeps on a condition variable of its own (condition.cpp).
struct bell;

struct lot_node : detail::wait_node {
  const void* address = nullptr;
  std::uint32_t bits = ~0u;  // a wake for none of these passes by
  bell* thread = nullptr;    // instead of a token
};

struct alignas(64) lot_place {
  detail::internal_lock lock;
  detail::wait_list waiters;  // guarded by lock
  lot_count<lot_env> inside;  // any thread
};

[[nodiscard]] lot_place& place_of(const void* address) noexcept;

// errno is the thread's: other fibers of the worker set it while this one waits, and no lock of pthreads does.
class kept_errno {
 public:
  kept_errno() noexcept : kept_(errno) {}
  ~kept_errno() { errno = kept_; }
  kept_errno(const kept_errno&) = delete;
  kept_errno& operator=(const kept_errno&) = delete;

 private:
  const int kept_;
};

// A1, A2 and A7.
class lot_visit {
 public:
  explicit lot_visit(lot_place& at) noexcept : at_(at) { at_.inside.enter(); }
  ~lot_visit() { at_.inside.leave(); }
  lot_visit(const lot_visit&) = delete;
  lot_visit& operator=(const lot_visit&) = delete;

 private:
  lot_place& at_;
};

// N3 and N4: at most so many who wait at this address. Returns how many were woken.
std::uint32_t wake_from_lot(const void* address, std::uint32_t most, std::uint32_t bits = ~0u) noexcept;

// N1 to N4.
inline void after_release(const void* address, std::uint32_t most) noexcept {
  if (!place_of(address).inside.has_nobody_after_release()) [[unlikely]]
    wake_from_lot(address, most);
}

// Parks the fiber, which stays on its worker, until `attempt` (under the place's lock) returns true: ready. Else why
// not. With `once_only` a wake is an end, too.
template <class Attempt>
detail::wake_reason wait_in_lot(const void* address, deadline until, detail::cancellation mode, const char* what,
                                Attempt attempt, bool once_only = false, std::uint32_t bits = ~0u) noexcept {
  const pin_guard stays;
  const kept_errno kept;
  lot_place& at = place_of(address);
  const lot_visit counted(at);
  lot_node node;
  node.address = address;
  node.bits = bits;
  for (bool again = false;; again = true) {
    {
      const detail::internal_guard held(at.lock);
      if (attempt()) return detail::wake_reason::ready;
      node.token = detail::arm(mode);
      again ? at.waiters.push_front(node) : at.waiters.push_back(node);
    }
    const detail::wake_reason reason = detail::park(node.token, until, what);
    if (reason == detail::wake_reason::ready) {
      if (once_only) return reason;
      continue;
    }
    const detail::internal_guard held(at.lock);
    at.waiters.remove(node);
    return reason;
  }
}

}  // namespace weft::interpose
