// std_shim, interpose: pthread_barrier_wait. libc's own has no way to try, and its waiters sleep inside of libc; so
// this one has a queue of its own, for fibers and threads, and uses of libc's object two words alone: how many it is
// for, and how many have come, which is 0 whenever nobody waits, as pthread_barrier_destroy wants it.
//
// "Waiting at a barrier"
//   who comes                                        the last one
//   B1 lock the place; come + 1; not the last one:   L1 lock the place; come = 0; take off all who wait at this
//      enqueue, unlock                                  address, claim the fibers; unlock
//   B2 park, or sleep at the bell                    L2 unpark, ring
// - Nobody touches the barrier after that: it may be destroyed by whoever is woken first.
// - A round is taken off as a whole under the lock, so nobody of the next one is woken with it.
// - It is no cancellation point, for fibers as for threads. The end of a runtime waits until the others have come.
// Those that are shared between processes are passed through, and so are all if libc's object is not laid out as here.

#include <array>
#include <cstdint>
#include <ctime>
#include <new>

#include <pthread.h>

#include "barrier.hpp"
#include "bell.hpp"
#include "exports.hpp"
#include "ground.hpp"
#include "last_error.hpp"
#include "taking_off.hpp"

namespace weft::interpose {

namespace {

struct barrier_words {
  unsigned come;
  unsigned round;
  unsigned count;
  int shared;
};
static_assert(sizeof(barrier_words) <= sizeof(pthread_barrier_t));

barrier_words& words_of(pthread_barrier_t* barrier) noexcept { return *reinterpret_cast<barrier_words*>(barrier); }

// Asked of an object that libc has made.
bool is_laid_out_so() noexcept {
  static const bool answer = [] {
    pthread_barrier_t model;
    if (::pthread_barrier_init(&model, nullptr, 7) != 0) return false;
    const barrier_words& words = words_of(&model);
    const bool fits = words.come == 0 && words.count == 7 && words.shared == 0;
    ::pthread_barrier_destroy(&model);
    return fits;
  }();
  return answer;
}

constinit std::array<lot_place, 16> g_barriers{};

lot_place& barrier_place(const void* address) noexcept {
  const auto bits = reinterpret_cast<std::uintptr_t>(address);
  return g_barriers[(bits >> 5 ^ bits >> 11) % g_barriers.size()];
}

void sleep_at(bell& mine) noexcept {
  int before = 0;
  ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  (void)mine.sleep(CLOCK_MONOTONIC, nullptr);
  ::pthread_setcancelstate(before, nullptr);
}

void park_at(const lot_node& node) noexcept {
  const int before = last_error();
  (void)detail::park(node.token, deadline::never(), "pthread barrier");
  set_error(before);
}

// B1: true if the caller is the last one, whose round is in `round` then (L1).
bool come(lot_place& at, barrier_words& words, lot_node& node, bool as_fiber, won_waiters& round) noexcept {
  const detail::internal_guard held(at.lock);
  if (++words.come >= words.count) {
    words.come = 0;
    take_off(at, round, UINT32_MAX, [&node](const lot_node& each) { return each.address == node.address; });
    return true;
  }
  if (as_fiber) node.token = detail::arm(detail::cancellation::ignored);
  at.waiters.push_back(node);
  return false;
}

int wait_at(pthread_barrier_t* barrier, bool as_fiber) noexcept {
  const pin_guard stays;
  bell own;
  lot_node node;
  node.address = barrier;
  if (!as_fiber) node.thread = &own;
  {
    won_waiters round;  // L2
    if (come(barrier_place(barrier), words_of(barrier), node, as_fiber, round)) return PTHREAD_BARRIER_SERIAL_THREAD;
  }
  if (as_fiber)
    park_at(node);
  else
    sleep_at(own);
  return 0;
}

}  // namespace

void forget_barriers() noexcept {
  for (lot_place& each : g_barriers) ::new (&each) lot_place;
}

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES int pthread_barrier_wait(pthread_barrier_t* barrier) noexcept {
  if (!is_laid_out_so() || words_of(barrier).shared != 0) {
    note_cannot(taken::pthread_barrier_wait, WEFT_CALLER);
    return real().pthread_barrier_wait(barrier);
  }
  return wait_at(barrier, look_around(taken::pthread_barrier_wait, WEFT_CALLER) == ground::may_park);
}
