// std_shim, interpose: pthread_mutex_*. The word stays libc's ("Waiting for libc's word", lot.hpp): a fiber tries
// libc's own trylock, and parks in the lot where a thread would sleep. A fiber that holds one stays on its worker,
// whose thread is the owner that libc knows.
//
// Recursive and error-checking kinds ask who the owner is, and libc knows the thread alone, which other fibers
// share. So the fiber's id stands beside it, in the two words that libc uses for robust mutexes only: it is written
// by a fiber that has the lock, and read by a fiber that finds its own thread's number as the owner. Robust ones,
// those that inherit priorities, and those shared between processes are passed through.

#include "mutex.hpp"

#include <cerrno>

#include "exports.hpp"
#include "lot.hpp"

namespace weft::interpose {

namespace {

using detail::foreign_caller;

constexpr int k_elision = 256 | 512;
constexpr int k_type = 3;

int kind_of(const pthread_mutex_t* mutex) noexcept {
  return __atomic_load_n(&mutex->__data.__kind, __ATOMIC_RELAXED) & ~k_elision;
}
bool may_wait_in_lot(int kind) noexcept { return (kind & ~k_type) == 0; }
bool has_owner(int kind) noexcept { return kind == PTHREAD_MUTEX_RECURSIVE_NP || kind == PTHREAD_MUTEX_ERRORCHECK_NP; }

auto& owner_word(pthread_mutex_t* mutex) noexcept { return mutex->__data.__list.__next; }

bool is_of_this_thread(const pthread_mutex_t* mutex, const foreign_caller& who) noexcept {
  return __atomic_load_n(&mutex->__data.__owner, __ATOMIC_RELAXED) == who.thread;
}
bool is_of_another_fiber_here(pthread_mutex_t* mutex, const foreign_caller& who) noexcept {
  return is_of_this_thread(mutex, who) && reinterpret_cast<std::uintptr_t>(owner_word(mutex)) != who.fiber;
}

// By a fiber, of a kind that has an owner.
int try_owned(pthread_mutex_t* mutex, const foreign_caller& who) noexcept {
  if (is_of_another_fiber_here(mutex, who)) return EBUSY;
  const int outcome = real().pthread_mutex_trylock(mutex);
  if (outcome == 0) owner_word(mutex) = reinterpret_cast<decltype(+owner_word(mutex))>(who.fiber);
  return outcome;
}

int try_as_fiber(pthread_mutex_t* mutex, int kind) noexcept {
  return has_owner(kind) ? try_owned(mutex, detail::this_foreign_caller()) : real().pthread_mutex_trylock(mutex);
}

template <class RealLock>
int wait_as_fiber(pthread_mutex_t* mutex, int kind, const time_limit& limit, taken which, const void* caller,
                  RealLock real_lock) noexcept {
  if (has_owner(kind) && kind == PTHREAD_MUTEX_ERRORCHECK_NP) {
    const foreign_caller who = detail::this_foreign_caller();
    if (is_of_this_thread(mutex, who) && !is_of_another_fiber_here(mutex, who)) return EDEADLK;
  }
  if (look_around(which, caller) != ground::may_park) return real_lock();
  if (!limit.is_valid()) return EINVAL;
  int outcome = EBUSY;
  const auto attempt = [&] { return (outcome = try_as_fiber(mutex, kind)) != EBUSY; };
  for (;;) {
    const auto reason = wait_in_lot(mutex, limit.until(), detail::cancellation::ignored, "pthread mutex", attempt);
    if (reason == detail::wake_reason::ready) return outcome;
    if (limit.is_over()) return ETIMEDOUT;  // the wall clock may have been set back meanwhile
  }
}

template <class RealLock>
int lock_with(pthread_mutex_t* mutex, const time_limit& limit, taken which, const void* caller,
              RealLock real_lock) noexcept {
  const int kind = kind_of(mutex);
  if (!may_wait_in_lot(kind)) [[unlikely]] {
    note_cannot(which, caller);
    return real_lock();
  }
  if (!detail::hold_foreign_lock()) return real_lock();
  int outcome = try_as_fiber(mutex, kind);
  if (outcome == EBUSY) [[unlikely]]
    outcome = wait_as_fiber(mutex, kind, limit, which, caller, real_lock);
  if (outcome != 0) [[unlikely]]
    detail::release_foreign_lock();
  return outcome;
}

}  // namespace

int lock_mutex(pthread_mutex_t* mutex, taken which, const void* caller) noexcept {
  return lock_with(mutex, {}, which, caller, [mutex] { return real().pthread_mutex_lock(mutex); });
}

int lock_mutex_until(pthread_mutex_t* mutex, clockid_t clock, const timespec* until, taken which,
                     const void* caller) noexcept {
  return lock_with(mutex, {clock, until}, which, caller,
                   [=] { return real().pthread_mutex_clocklock(mutex, clock, until); });
}

int try_mutex(pthread_mutex_t* mutex) noexcept {
  const int kind = kind_of(mutex);
  if (!may_wait_in_lot(kind) || !detail::hold_foreign_lock()) return real().pthread_mutex_trylock(mutex);
  const int outcome = try_as_fiber(mutex, kind);
  if (outcome != 0) detail::release_foreign_lock();
  return outcome;
}

int unlock_mutex(pthread_mutex_t* mutex) noexcept {
  const int kind = kind_of(mutex);
  if (!may_wait_in_lot(kind)) [[unlikely]]
    return real().pthread_mutex_unlock(mutex);
  if (has_owner(kind)) {
    const foreign_caller who = detail::this_foreign_caller();
    if (who.fiber != 0 && is_of_another_fiber_here(mutex, who)) return EPERM;
  }
  const int outcome = real().pthread_mutex_unlock(mutex);
  if (outcome != 0) return outcome;
  detail::release_foreign_lock();
  after_release(mutex, 1);  // of its address alone: the mutex may be gone
  return 0;
}

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  return lock_mutex(mutex, taken::pthread_mutex_lock, WEFT_CALLER);
}
WEFT_TAKES int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept { return try_mutex(mutex); }
WEFT_TAKES int pthread_mutex_timedlock(pthread_mutex_t* mutex, const timespec* until) noexcept {
  return lock_mutex_until(mutex, CLOCK_REALTIME, until, taken::pthread_mutex_timedlock, WEFT_CALLER);
}
WEFT_TAKES int pthread_mutex_clocklock(pthread_mutex_t* mutex, clockid_t clock, const timespec* until) noexcept {
  return lock_mutex_until(mutex, clock, until, taken::pthread_mutex_clocklock, WEFT_CALLER);
}
WEFT_TAKES int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept { return unlock_mutex(mutex); }

WEFT_ALSO(__pthread_mutex_lock, pthread_mutex_lock);
WEFT_ALSO(__pthread_mutex_trylock, pthread_mutex_trylock);
WEFT_ALSO(__pthread_mutex_unlock, pthread_mutex_unlock);
