// std_shim, interpose: pthread_rwlock_*, as mutex.cpp has mutexes: libc's try functions, then the lot. Whoever unlocks
// wakes all that wait here, readers and writers; who cannot have it parks again, at the front. libc tells a writer's
// unlock from a reader's by the thread, so a fiber that holds one stays on its worker.
// Those shared between processes are passed through.

#include <cerrno>

#include "exports.hpp"
#include "ground.hpp"
#include "lot.hpp"
#include "time_limit.hpp"

namespace weft::interpose {

namespace {

bool is_shared(const pthread_rwlock_t* lock) noexcept {
  return __atomic_load_n(&lock->__data.__shared, __ATOMIC_RELAXED) != 0;
}

template <class TryLock, class RealLock>
int wait_as_fiber(pthread_rwlock_t* lock, const time_limit& limit, taken which, const void* caller, TryLock try_lock,
                  RealLock real_lock) noexcept {
  if (look_around(which, caller) != ground::may_park) return real_lock();
  if (!limit.is_valid()) return EINVAL;
  int outcome = EBUSY;
  const auto attempt = [&] { return (outcome = try_lock(lock)) != EBUSY; };
  for (;;) {
    const auto reason = wait_in_lot(lock, limit.until(), detail::cancellation::ignored, "pthread rwlock", attempt);
    if (reason == detail::wake_reason::ready) return outcome;
    if (limit.is_over()) return ETIMEDOUT;
  }
}

template <class TryLock, class RealLock>
int lock_with(pthread_rwlock_t* lock, const time_limit& limit, taken which, const void* caller, TryLock try_lock,
              RealLock real_lock) noexcept {
  if (is_shared(lock)) [[unlikely]] {
    note_cannot(which, caller);
    return real_lock();
  }
  if (!detail::hold_foreign_lock()) return real_lock();
  int outcome = try_lock(lock);
  if (outcome == EBUSY) [[unlikely]]
    outcome = wait_as_fiber(lock, limit, which, caller, try_lock, real_lock);
  if (outcome != 0) [[unlikely]]
    detail::release_foreign_lock();
  return outcome;
}

template <class TryLock>
int try_with(pthread_rwlock_t* lock, TryLock try_lock) noexcept {
  const bool counted = !is_shared(lock) && detail::hold_foreign_lock();
  const int outcome = try_lock(lock);
  if (counted && outcome != 0) detail::release_foreign_lock();
  return outcome;
}

int read_until(pthread_rwlock_t* lock, clockid_t clock, const timespec* until, taken which,
               const void* caller) noexcept {
  return lock_with(lock, {clock, until}, which, caller, real().pthread_rwlock_tryrdlock,
                   [=] { return real().pthread_rwlock_clockrdlock(lock, clock, until); });
}
int write_until(pthread_rwlock_t* lock, clockid_t clock, const timespec* until, taken which,
                const void* caller) noexcept {
  return lock_with(lock, {clock, until}, which, caller, real().pthread_rwlock_trywrlock,
                   [=] { return real().pthread_rwlock_clockwrlock(lock, clock, until); });
}

}  // namespace

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  return lock_with(lock, {}, taken::pthread_rwlock_rdlock, WEFT_CALLER, real().pthread_rwlock_tryrdlock,
                   [lock] { return real().pthread_rwlock_rdlock(lock); });
}
WEFT_TAKES int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  return lock_with(lock, {}, taken::pthread_rwlock_wrlock, WEFT_CALLER, real().pthread_rwlock_trywrlock,
                   [lock] { return real().pthread_rwlock_wrlock(lock); });
}
WEFT_TAKES int pthread_rwlock_tryrdlock(pthread_rwlock_t* lock) noexcept {
  return try_with(lock, real().pthread_rwlock_tryrdlock);
}
WEFT_TAKES int pthread_rwlock_trywrlock(pthread_rwlock_t* lock) noexcept {
  return try_with(lock, real().pthread_rwlock_trywrlock);
}
WEFT_TAKES int pthread_rwlock_timedrdlock(pthread_rwlock_t* lock, const timespec* until) noexcept {
  return read_until(lock, CLOCK_REALTIME, until, taken::pthread_rwlock_timedrdlock, WEFT_CALLER);
}
WEFT_TAKES int pthread_rwlock_clockrdlock(pthread_rwlock_t* lock, clockid_t clock, const timespec* until) noexcept {
  return read_until(lock, clock, until, taken::pthread_rwlock_clockrdlock, WEFT_CALLER);
}
WEFT_TAKES int pthread_rwlock_timedwrlock(pthread_rwlock_t* lock, const timespec* until) noexcept {
  return write_until(lock, CLOCK_REALTIME, until, taken::pthread_rwlock_timedwrlock, WEFT_CALLER);
}
WEFT_TAKES int pthread_rwlock_clockwrlock(pthread_rwlock_t* lock, clockid_t clock, const timespec* until) noexcept {
  return write_until(lock, clock, until, taken::pthread_rwlock_clockwrlock, WEFT_CALLER);
}
WEFT_TAKES int pthread_rwlock_unlock(pthread_rwlock_t* lock) noexcept {
  const bool shared = is_shared(lock);
  const int outcome = real().pthread_rwlock_unlock(lock);
  if (outcome != 0 || shared) return outcome;
  weft::detail::release_foreign_lock();
  after_release(lock, UINT32_MAX);
  return 0;
}

WEFT_ALSO(__pthread_rwlock_rdlock, pthread_rwlock_rdlock);
WEFT_ALSO(__pthread_rwlock_tryrdlock, pthread_rwlock_tryrdlock);
WEFT_ALSO(__pthread_rwlock_wrlock, pthread_rwlock_wrlock);
WEFT_ALSO(__pthread_rwlock_trywrlock, pthread_rwlock_trywrlock);
WEFT_ALSO(__pthread_rwlock_unlock, pthread_rwlock_unlock);
