// std_shim, interpose: pthread_rwlock_*, as mutex.cpp has mutexes: libc's try functions, then the lot ("Waiting for
// libc's word", lot.hpp). libc tells a writer's unlock from a reader's by the thread, so a fiber that holds one stays
// on its worker. Those shared between processes are passed through: they block.
//
// "Whom an unlock wakes": all readers, and the first writer. Each tries, and who cannot have it waits on, at the
// front.
// - A writer that was woken for nothing is woken again by those who kept it out, each of whom has an unlock to come.
// - Readers are all woken, also before a writer that came first: libc's own readers do not wait for a writer that
//   waits (unless the lock is of the kind that prefers writers), and one that holds the lock may need another.
// - A thread that waits in libc to write keeps readers out, if the lock prefers writers; when its time is over it
//   leaves without an unlock. So it wakes them then.
// A writer of a lock that prefers writers is not preferred among fibers.

#include <cerrno>

#include "exports.hpp"
#include "locking.hpp"
#include "race_detector.hpp"

namespace weft::interpose {

namespace {

constexpr std::uint32_t k_reader = 1;
constexpr std::uint32_t k_writer = 2;

bool is_shared(const pthread_rwlock_t* lock) noexcept {
  return __atomic_load_n(&lock->__data.__shared, __ATOMIC_RELAXED) != 0;
}

void after_unlock(const void* lock) noexcept {
  if (has_nobody_after_release(lock)) [[likely]]
    return;
  wake_from_lot(lock, UINT32_MAX, k_reader);
  wake_from_lot(lock, 1, k_writer);
}

// Waits inside libc.
template <class RealLock>
int block(pthread_rwlock_t* lock, RealLock real_lock) noexcept {
  const int outcome = real_lock();
  if (outcome == ETIMEDOUT) after_unlock(lock);
  return outcome;
}

// One of the two ways to have the lock: libc's own try, and who waits so.
struct way {
  int (*try_lock)(pthread_rwlock_t*);
  std::uint32_t who;
  const char* label;
};
way reading() noexcept { return {real().pthread_rwlock_tryrdlock, k_reader, "pthread rwlock, to read"}; }
way writing() noexcept { return {real().pthread_rwlock_trywrlock, k_writer, "pthread rwlock, to write"}; }

template <class RealLock>
int lock_with(pthread_rwlock_t* lock, way how, const time_limit& limit, taken which, const void* caller,
              RealLock real_lock) noexcept {
  if (is_shared(lock)) [[unlikely]] {
    note_cannot(which, caller);
    return real_lock();
  }
  if (!detail::hold_foreign_lock()) return block(lock, real_lock);
  return lock_and_stay([&]() noexcept {
    const int outcome = how.try_lock(lock);
    if (outcome != EBUSY) [[likely]]
      return outcome;
    if (look_around(which, caller) != ground::may_park) return block(lock, real_lock);
    return wait_for_lock(
        lock, limit, how.label, [=] { return how.try_lock(lock); }, how.who);
  });
}

int try_with(pthread_rwlock_t* lock, way how) noexcept {
  if (is_shared(lock) || !detail::hold_foreign_lock()) return how.try_lock(lock);
  return lock_and_stay([=] { return how.try_lock(lock); });
}

int read_until(pthread_rwlock_t* lock, clockid_t clock, const timespec* until, taken which,
               const void* caller) noexcept {
  if (!time_limit::knows(clock)) return EINVAL;
  return lock_with(lock, reading(), {clock, until}, which, caller, [=] {
    return and_tell_of_lock(lock, told_lock::to_read,
                            [=] { return real().pthread_rwlock_clockrdlock(lock, clock, until); });
  });
}
int write_until(pthread_rwlock_t* lock, clockid_t clock, const timespec* until, taken which,
                const void* caller) noexcept {
  if (!time_limit::knows(clock)) return EINVAL;
  return lock_with(lock, writing(), {clock, until}, which, caller, [=] {
    return and_tell_of_lock(lock, told_lock::to_write,
                            [=] { return real().pthread_rwlock_clockwrlock(lock, clock, until); });
  });
}

}  // namespace

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  return lock_with(lock, reading(), {}, taken::pthread_rwlock_rdlock, WEFT_CALLER,
                   [lock] { return real().pthread_rwlock_rdlock(lock); });
}
WEFT_TAKES int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  return lock_with(lock, writing(), {}, taken::pthread_rwlock_wrlock, WEFT_CALLER,
                   [lock] { return real().pthread_rwlock_wrlock(lock); });
}
WEFT_TAKES int pthread_rwlock_tryrdlock(pthread_rwlock_t* lock) noexcept { return try_with(lock, reading()); }
WEFT_TAKES int pthread_rwlock_trywrlock(pthread_rwlock_t* lock) noexcept { return try_with(lock, writing()); }
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
  after_unlock(lock);
  return 0;
}

WEFT_ALSO(__pthread_rwlock_rdlock, pthread_rwlock_rdlock);
WEFT_ALSO(__pthread_rwlock_tryrdlock, pthread_rwlock_tryrdlock);
WEFT_ALSO(__pthread_rwlock_wrlock, pthread_rwlock_wrlock);
WEFT_ALSO(__pthread_rwlock_trywrlock, pthread_rwlock_trywrlock);
WEFT_ALSO(__pthread_rwlock_unlock, pthread_rwlock_unlock);
