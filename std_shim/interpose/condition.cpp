// std_shim, interpose: pthread_cond_*. libc's own wait gives the mutex back inside libc, where no fiber that waits
// for the mutex is told. So all who wait, fibers and threads, stand in one queue of the lot (lot.hpp), and give the
// mutex back by mutex.cpp. A fiber parks; a thread sleeps at a bell of its own (bell.hpp).
//
// "Waiting for a condition"
//   who waits, with the mutex                        who signals
//   C1 inside + 1; lock the place, enqueue, unlock   S1 nobody inside: to S4
//   C2 unlock the mutex                              S2 lock the place; take the first off, and on until one is won:
//   C3 park, or sleep at the bell                       a thread is, a fiber if it can be claimed; unlock
//   C4 not woken: lock the place; leave the queue;   S3 unpark, or ring
//      a thread that was taken off: hear the bell    S4 nobody was woken: libc's own signal
//   C5 inside - 1; lock the mutex
// - No signal is lost. Who changes what is waited for has the mutex after C2, so S1 sees the count of C1, and S2 its
//   node; no fence is needed.
// - No signal is stolen: the queue is first come, first woken, and who waits again stands at its end.
// - No signal is eaten. S2 and a deadline never both win a fiber (a claim is one compare-and-swap), and S2 alone
//   decides about a thread: one that was taken off returns 0, whatever else ended its sleep. If pthread_cancel did,
//   it hands the signal on to the next in the queue.
// - After S3 the condition may be gone, by who was woken: S4 comes then only if nobody was. A broadcast has S4 first.
// - S4 is for code that came past these names, and waits inside libc.
// - The last access to who waited is S3: a thread that was taken off does not leave its frame before the bell.
// - A fiber that is asked to end is woken for nothing (park_nudged), and finds its condition unchanged.
// Those shared between processes are passed through. Model: tests/model/condition_queue_model.cpp.

#include "condition.hpp"

#include <cerrno>

#include "bell.hpp"
#include "exports.hpp"
#include "lot.hpp"
#include "mutex.hpp"
#include "report.hpp"

namespace weft::interpose {

namespace {

constexpr unsigned k_shared = 1;
constexpr unsigned k_monotonic = 2;

unsigned flags_of(const pthread_cond_t* condition) noexcept {
  return __atomic_load_n(&condition->__data.__wrefs, __ATOMIC_RELAXED) & (k_shared | k_monotonic);
}

// C3 and C4 of a fiber.
int await_signal(lot_stay& here, const time_limit& limit) noexcept {
  const auto reason = here.park_nudged(limit.until(), "pthread condition");
  return reason == detail::wake_reason::timed_out && limit.is_over() ? ETIMEDOUT : 0;
}

int wait_as_fiber(pthread_cond_t* condition, pthread_mutex_t* mutex, const time_limit& limit, taken which,
                  const void* caller) noexcept {
  int outcome = 0;
  {
    lot_stay here(condition);
    (void)here.try_or_enqueue([] { return false; }, detail::cancellation::honoured);
    if (const int refused = unlock_mutex(mutex)) return here.turn_back(), refused;
    outcome = await_signal(here, limit);
  }
  const int locked = lock_mutex(mutex, which, caller);
  return locked != 0 ? locked : outcome;
}

// A thread in the queue, from C1 to C5, also if pthread_cancel unwinds its sleep.
class thread_stay {
 public:
  explicit thread_stay(const void* condition) noexcept : at_(place_of(condition)) {
    node_.address = condition;
    node_.bits = k_any;
    node_.thread = &bell_;
    at_.inside.enter();
    const detail::internal_guard held(at_.lock);
    at_.waiters.push_back(node_);
  }
  ~thread_stay() {
    if (!has_left_ && leave(ETIMEDOUT) == 0) wake_from_lot(node_.address, 1);  // unwound
    at_.inside.leave();
  }
  thread_stay(const thread_stay&) = delete;
  thread_stay& operator=(const thread_stay&) = delete;

  int sleep(clockid_t clock, const timespec* until) { return leave(bell_.sleep(clock, until)); }
  void turn_back() noexcept { (void)leave(ETIMEDOUT); }

 private:
  // C4: 0 if it was woken, whatever ended its sleep.
  int leave(int outcome) noexcept {
    has_left_ = true;
    if (outcome == 0 || was_still_queued()) return outcome;
    int before = 0;
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    (void)bell_.sleep(CLOCK_REALTIME, nullptr);
    ::pthread_setcancelstate(before, nullptr);
    return 0;
  }
  bool was_still_queued() noexcept {
    const detail::internal_guard held(at_.lock);
    return at_.waiters.remove(node_);
  }

  lot_place& at_;
  lot_node node_;
  bell bell_;
  bool has_left_ = false;
};

// Locks the mutex when the wait is over, or unwound.
class relocking {
 public:
  relocking(pthread_mutex_t* mutex, taken which, const void* caller) noexcept
      : mutex_(mutex), which_(which), caller_(caller) {}
  ~relocking() {
    if (is_owed) (void)lock();
  }
  relocking(const relocking&) = delete;
  relocking& operator=(const relocking&) = delete;

  int lock() noexcept {
    is_owed = false;
    return lock_mutex(mutex_, which_, caller_);
  }

  bool is_owed = false;

 private:
  pthread_mutex_t* const mutex_;
  const taken which_;
  const void* const caller_;
};

int wait_as_thread(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until,
                   taken which, const void* caller) {
  relocking after(mutex, which, caller);
  int outcome = 0;
  {
    thread_stay here(condition);
    if (const int refused = unlock_mutex(mutex)) return here.turn_back(), refused;
    after.is_owed = true;
    outcome = here.sleep(clock, until);
  }
  const int locked = after.lock();
  return locked != 0 ? locked : outcome;
}

int wait_past_us(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  return until == nullptr ? real().pthread_cond_wait(condition, mutex)
                          : real().pthread_cond_clockwait(condition, mutex, clock, until);
}

}  // namespace

int wait_for_condition(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until,
                       taken which, const void* caller) {
  if ((flags_of(condition) & k_shared) != 0) {
    note_cannot(which, caller);
    return wait_past_us(condition, mutex, clock, until);
  }
  const time_limit limit(clock, until);
  if (!limit.is_valid()) return EINVAL;
  if (look_around(which, caller) == ground::may_park) return wait_as_fiber(condition, mutex, limit, which, caller);
  return wait_as_thread(condition, mutex, clock, until, which, caller);
}

int signal_condition(pthread_cond_t* condition) noexcept {
  if (!place_of(condition).inside.has_nobody() && wake_from_lot(condition, 1) != 0) return 0;
  return real().pthread_cond_signal(condition);
}

int broadcast_condition(pthread_cond_t* condition) noexcept {
  const bool anybody = !place_of(condition).inside.has_nobody();
  const int outcome = real().pthread_cond_broadcast(condition);
  if (anybody) wake_from_lot(condition, UINT32_MAX);
  return outcome;
}

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  return wait_for_condition(condition, mutex, CLOCK_REALTIME, nullptr, taken::pthread_cond_wait, WEFT_CALLER);
}
WEFT_TAKES int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* until) {
  const clockid_t clock = (flags_of(condition) & k_monotonic) != 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
  return wait_for_condition(condition, mutex, clock, until, taken::pthread_cond_timedwait, WEFT_CALLER);
}
WEFT_TAKES int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                                      const timespec* until) {
  return wait_for_condition(condition, mutex, clock, until, taken::pthread_cond_clockwait, WEFT_CALLER);
}
WEFT_TAKES int pthread_cond_signal(pthread_cond_t* condition) noexcept { return signal_condition(condition); }
WEFT_TAKES int pthread_cond_broadcast(pthread_cond_t* condition) noexcept { return broadcast_condition(condition); }
