// std_shim, interpose: pthread_cond_*. Fibers and threads wait in one queue of the lot, first come first woken: a fiber
// parks, a thread sleeps on a bell (bell.hpp). libc's own queue would release the mutex without a word to the fibers
// that wait for it.
//
// "Waiting for a condition"
//   waiter, with the mutex                           who signals
//   C1 inside + 1; lock the place, enqueue, unlock   S1 nobody inside: to S4
//   C2 unlock the mutex                              S2 lock the place; take off and claim the first; unlock
//   C3 park, or sleep at the bell                    S3 unpark, or ring
//   C4 not woken: lock the place, dequeue            S4 nobody was woken: libc's own signal, for those who waited
//   C5 inside - 1; lock the mutex                       past us
// - A thread that S2 has taken off stays until it was rung, whatever else ended its sleep; cancelled, it hands the
// signal on.
// - A fiber that is asked to end gets spurious wake-ups: one at once, and then one each 10 ms, so that whoever loops
// over
//   a condition, and cannot be unwound, neither hangs for ever nor spins.
// Those shared between processes are passed through.

#include "condition.hpp"

#include <cerrno>
#include <chrono>

#include "bell.hpp"
#include "exports.hpp"
#include "lot.hpp"
#include "mutex.hpp"
#include "report.hpp"

namespace weft::interpose {

namespace {

constexpr unsigned k_shared = 1;
constexpr unsigned k_monotonic = 2;
constexpr std::chrono::milliseconds k_nudge{10};

unsigned flags_of(const pthread_cond_t* condition) noexcept {
  return __atomic_load_n(&condition->__data.__wrefs, __ATOMIC_RELAXED) & (k_shared | k_monotonic);
}

// C1.
void enqueue(lot_place& at, lot_node& node, const void* address) noexcept {
  node.address = address;
  const detail::internal_guard held(at.lock);
  if (node.thread == nullptr) node.token = detail::arm(detail::cancellation::honoured);
  at.waiters.push_back(node);
}

// C4. False: it was taken off by who signals.
bool dequeue(lot_place& at, lot_node& node) noexcept {
  const detail::internal_guard held(at.lock);
  return at.waiters.remove(node);
}

// C3 and C4.
int park_for(lot_place& at, lot_node& node, const time_limit& limit) noexcept {
  const auto reason = detail::park(node.token, limit.until(), "pthread condition");
  if (reason == detail::wake_reason::ready) return 0;
  (void)dequeue(at, node);
  if (reason == detail::wake_reason::timed_out) return limit.is_over() ? ETIMEDOUT : 0;
  const deadline nudge = deadline::after(detail::now(), k_nudge);
  node.token = detail::arm(detail::cancellation::ignored);
  {
    const detail::internal_guard held(at.lock);
    at.waiters.push_back(node);
  }
  if (detail::park(node.token, limit.until() < nudge ? limit.until() : nudge, "pthread condition") !=
      detail::wake_reason::ready)
    (void)dequeue(at, node);
  return limit.is_over() ? ETIMEDOUT : 0;
}

int wait_as_fiber(pthread_cond_t* condition, pthread_mutex_t* mutex, const time_limit& limit, taken which,
                  const void* caller) noexcept {
  const pin_guard stays;
  const kept_errno kept;
  lot_place& at = place_of(condition);
  int outcome = 0;
  {
    const lot_visit counted(at);
    lot_node node;
    enqueue(at, node, condition);
    if ((outcome = unlock_mutex(mutex)) != 0) {
      (void)dequeue(at, node);
      if (!detail::disarm(node.token)) (void)detail::park(node.token, deadline::never(), "pthread condition");
      return outcome;
    }
    outcome = park_for(at, node, limit);
  }
  const int locked = lock_mutex(mutex, which, caller);
  return locked != 0 ? locked : outcome;
}

// A thread's wait, from C1 on; also when pthread_cancel unwinds it, with the bell's lock held.
class thread_wait {
 public:
  thread_wait(pthread_cond_t* condition, pthread_mutex_t* mutex, taken which, const void* caller) noexcept
      : condition_(condition), mutex_(mutex), which_(which), caller_(caller), at_(place_of(condition)), counted_(at_) {
    node_.thread = &bell_;
    enqueue(at_, node_, condition);
  }
  thread_wait(const thread_wait&) = delete;
  thread_wait& operator=(const thread_wait&) = delete;

  int refuse(int outcome) noexcept {
    relocks_ = false;
    return outcome;
  }

  int sleep(clockid_t clock, const timespec* until) {
    real().pthread_mutex_lock(&bell_.lock);
    int outcome = 0;
    is_asleep_ = true;
    while (!bell_.rung && outcome == 0)
      outcome = until == nullptr ? real().pthread_cond_wait(&bell_.sounds, &bell_.lock)
                                 : real().pthread_cond_clockwait(&bell_.sounds, &bell_.lock, clock, until);
    is_asleep_ = false;
    const bool rung = bell_.rung;
    real().pthread_mutex_unlock(&bell_.lock);
    return rung ? 0 : outcome;
  }

  // C4 and C5.
  ~thread_wait() {
    if (is_asleep_) real().pthread_mutex_unlock(&bell_.lock);  // cancelled
    if (!dequeue(at_, node_)) hear();
    if (is_asleep_ && bell_.rung) signal_condition(condition_);
    if (relocks_) (void)lock_mutex(mutex_, which_, caller_);
  }

 private:
  // It was taken off the list: until it is rung the bell is not its own.
  void hear() noexcept {
    int before = 0;
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    real().pthread_mutex_lock(&bell_.lock);
    while (!bell_.rung) real().pthread_cond_wait(&bell_.sounds, &bell_.lock);
    real().pthread_mutex_unlock(&bell_.lock);
    ::pthread_setcancelstate(before, nullptr);
  }

  pthread_cond_t* const condition_;
  pthread_mutex_t* const mutex_;
  const taken which_;
  const void* const caller_;
  lot_place& at_;
  const lot_visit counted_;
  lot_node node_;
  bell bell_;
  bool is_asleep_ = false;
  bool relocks_ = true;
};

int wait_as_thread(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until,
                   taken which, const void* caller) {
  thread_wait wait(condition, mutex, which, caller);
  if (const int refused = unlock_mutex(mutex)) return wait.refuse(refused);
  return wait.sleep(clock, until);
}

int wait_past_us(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  return until == nullptr ? real().pthread_cond_wait(condition, mutex)
                          : real().pthread_cond_clockwait(condition, mutex, clock, until);
}

int wake(pthread_cond_t* condition, std::uint32_t most) noexcept {
  const bool anybody = !place_of(condition).inside.has_nobody_after_release();
  if (anybody && wake_from_lot(condition, most) == most) return 0;
  return most == 1 ? real().pthread_cond_signal(condition) : real().pthread_cond_broadcast(condition);
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

int signal_condition(pthread_cond_t* condition) noexcept { return wake(condition, 1); }
int broadcast_condition(pthread_cond_t* condition) noexcept { return wake(condition, UINT32_MAX); }

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
