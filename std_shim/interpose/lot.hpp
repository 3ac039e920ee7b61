#pragma once
// std_shim, interpose: the lot, where fibers wait for a word of libc's (a mutex, an rwlock, a semaphore, a futex) by
// its address. The word stays libc's: who waits tries it again by libc's own try function, and who gives it back does
// so by libc's own function first. Threads wait inside libc, which wakes them as ever. Next: locking.hpp,
// condition.cpp.
//
// "Waiting for libc's word"
//   who waits, after libc's try failed               who gives back
//   A1 inside + 1                                    N0 libc's unlock, post, or the change before a wake
//   A2 fence                                         N1 fence
//   A3 lock the place; try again; has it:            N2 inside is 0: done
//      unlock, to A7                                 N3 lock the place; take off and claim the first who
//   A4 enqueue, unlock                                  waits at this address, or so many; unlock
//   A5 park                                          N4 unpark
//   A6 woken: to A3, and then to the front of the
//      queue; else lock, dequeue, unlock
//   A7 inside - 1
// - Nobody sleeps beside a free word. Of A2 and N1 one comes first: either A3 tries after N0, and has the word, or N2
//   sees the count of A1. Then N3 finds the node of A4, or comes before A3, which tries after N0.
// - Who was woken and finds the word taken again, by one who barged in, is counted still (A7 is to come): who barged
//   in sees that at N2, and N3 finds the node of the second A4.
// - A wake is not lost on one whose time is over, or who is asked to end: a claim is one compare-and-swap (park.hpp).
//   Who was won by something else is passed over by N3; who was won by N3 goes to A3, whatever the time.
// - After N0 the object may be gone, and another may stand at its address: N1 to N4 use the address alone, as a
//   number. Who waits there for the other one tries it, and waits on.
// - Two objects may share a place: that costs a look at the other's waiters, and no more.
// - A child of fork has none of the waiting fibers: its lot is empty again (lot.cpp), and its one thread is no fiber.
// Model: tests/model/lot_model.cpp.

#include <cstdint>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/real_env.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/pin_guard.hpp>

#include "last_error.hpp"
#include "lot_count.hpp"

namespace weft::interpose {

struct lot_env : detail::real_env {
  // N1. On x86 libc gives its words back by a locked instruction, which is a full fence to the processor. (It takes a
  // short cut in a process with one thread; but who waits here has a runtime, and so a second one.)
  static void fence_after_release() noexcept {
#if defined(__x86_64__)
    std::atomic_signal_fence(std::memory_order_seq_cst);  // seq_cst: the compiler keeps N0 before N2
#else
    fence();
#endif
  }
};

struct bell;  // of a plain thread in a condition variable's queue: condition.cpp

struct lot_node : detail::wait_node {
  const void* address = nullptr;
  std::uint32_t bits = 0;
  bell* thread = nullptr;  // instead of a token
};

// Which waiters a wake is for: those that share a bit with it.
inline constexpr std::uint32_t k_any = ~0u;

struct alignas(64) lot_place {
  detail::internal_lock lock;
  detail::wait_list waiters;  // guarded by lock
  lot_count<lot_env> inside;  // any thread
};

inline constexpr unsigned k_place_bits = 10;
extern constinit lot_place g_places[1u << k_place_bits];

// The upper bits of a product with 2^64 by the golden ratio: neighbours in a struct go to places far apart.
[[nodiscard]] inline lot_place& place_of(const void* address) noexcept {
  return g_places[reinterpret_cast<std::uintptr_t>(address) * 0x9e3779b97f4a7c15u >> (64 - k_place_bits)];
}

// A fiber in the lot. It stays on its worker meanwhile, and finds its errno as it was: errno is the thread's, and
// other fibers of the worker set it.
class lot_stay {
 public:
  explicit lot_stay(const void* address, std::uint32_t bits = k_any) noexcept;  // A1 and A2
  ~lot_stay();                                                                  // A7
  lot_stay(const lot_stay&) = delete;
  lot_stay& operator=(const lot_stay&) = delete;

  // A3 and A4. True: `attempt` was; nothing was enqueued. It runs under the place's lock.
  template <class Attempt>
  [[nodiscard]] bool try_or_enqueue(Attempt attempt, detail::cancellation mode) noexcept {
    const detail::internal_guard held(at_.lock);
    if (attempt()) return true;
    enqueue(mode);
    return false;
  }

  // A5, and A6 of one who was not woken.
  [[nodiscard]] detail::wake_reason park(deadline until, const char* what) noexcept;

  // The same for a call that cannot say that its fiber is asked to end. Whoever calls it in a loop, and cannot be
  // unwound, shall neither hang for ever nor spin: the wait ends with `again`, at most once in 10 ms.
  [[nodiscard]] detail::wake_reason park_nudged(deadline until, const char* what) noexcept;

  // Instead of A5.
  void turn_back() noexcept;

 private:
  void enqueue(detail::cancellation mode) noexcept;  // under the lock

  const pin_guard stays_;
  const int error_ = last_error();
  lot_place& at_;
  lot_node node_;
  bool had_its_turn_ = false;
};

// A1 to A7, until `attempt` is true: ready. Else why not.
template <class Attempt>
detail::wake_reason wait_in_lot(const void* address, deadline until, detail::cancellation mode, const char* what,
                                Attempt attempt, std::uint32_t bits = k_any) noexcept {
  lot_stay here(address, bits);
  for (;;) {
    if (here.try_or_enqueue(attempt, mode)) return detail::wake_reason::ready;
    const detail::wake_reason reason = here.park(until, what);
    if (reason != detail::wake_reason::ready) return reason;
  }
}

// N3 and N4: how many were woken. Any thread.
std::uint32_t wake_from_lot(const void* address, std::uint32_t most, std::uint32_t bits = k_any) noexcept;

// N1 and N2.
[[nodiscard]] inline bool has_nobody_after_release(const void* address) noexcept {
  return place_of(address).inside.has_nobody_after_release();
}

// N1 to N4.
inline void after_release(const void* address, std::uint32_t most) noexcept {
  if (!has_nobody_after_release(address)) [[unlikely]]
    wake_from_lot(address, most);
}

// The same where the change before was perhaps a plain store. N1: pairs with A2.
inline void after_change(const void* address, std::uint32_t most) noexcept {
  lot_env::fence();
  after_release(address, most);
}

// Everybody, at whatever address: each looks again.
void wake_all_from_lot() noexcept;

}  // namespace weft::interpose
