// std_shim, interpose: pthread_mutex_*. The word stays libc's ("Waiting for libc's word", lot.hpp): a fiber tries
// libc's own trylock, and parks in the lot where a thread would sleep. A fiber that holds one stays on its worker,
// whose thread is the owner that libc knows.
//
// "Whose it is". Recursive and error-checking kinds ask who the owner is, and libc knows the thread alone, which
// other fibers share. So the fiber's id stands beside it, in a word that libc uses for robust mutexes only. It is
// written by a fiber that has the lock, and read by one that finds its own thread as the owner: no other thread
// writes it then, and what runs on this one runs one after the other.
//
// Robust ones, those that inherit priorities, and those shared between processes are passed through: they block.
//
// Where a fiber may not park (ground.hpp) it blocks its thread, unless the owner is that very thread: a fiber that
// stays here, and would never run again. Then it parks all the same, and so lets the owner go on.

#include "mutex.hpp"

#include <cerrno>

#include "exports.hpp"
#include "locking.hpp"

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

// By a fiber, of a kind that has an owner: "Whose it is".
int try_owned(pthread_mutex_t* mutex, const foreign_caller& who) noexcept {
  if (is_of_another_fiber_here(mutex, who)) return EBUSY;
  const int outcome = real().pthread_mutex_trylock(mutex);
  if (outcome == 0) owner_word(mutex) = reinterpret_cast<decltype(+owner_word(mutex))>(who.fiber);
  return outcome;
}

int try_as_fiber(pthread_mutex_t* mutex, int kind) noexcept {
  return has_owner(kind) ? try_owned(mutex, detail::this_foreign_caller()) : real().pthread_mutex_trylock(mutex);
}

// An owner that blocks for itself for ever is told so by libc, if the kind asks.
bool is_own_error(pthread_mutex_t* mutex, int kind, const foreign_caller& who) noexcept {
  return kind == PTHREAD_MUTEX_ERRORCHECK_NP && is_of_this_thread(mutex, who) && !is_of_another_fiber_here(mutex, who);
}

bool may_park_for(const pthread_mutex_t* mutex, const foreign_caller& who, taken which, const void* caller) noexcept {
  const ground here = look_around(which, caller);
  if (here == ground::once || here == ground::loader) return is_of_this_thread(mutex, who);
  return here == ground::may_park;
}

template <class RealLock>
int wait_as_fiber(pthread_mutex_t* mutex, int kind, const time_limit& limit, taken which, const void* caller,
                  RealLock real_lock) noexcept {
  const foreign_caller who = detail::this_foreign_caller();
  if (is_own_error(mutex, kind, who)) return EDEADLK;
  if (!may_park_for(mutex, who, which, caller)) return real_lock();
  return wait_for_lock(mutex, limit, "pthread mutex", [=] { return try_as_fiber(mutex, kind); });
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
  return lock_and_stay([&]() noexcept {
    const int outcome = try_as_fiber(mutex, kind);
    return outcome == EBUSY ? wait_as_fiber(mutex, kind, limit, which, caller, real_lock) : outcome;
  });
}

}  // namespace

int lock_mutex(pthread_mutex_t* mutex, taken which, const void* caller) noexcept {
  return lock_with(mutex, {}, which, caller, [mutex] { return real().pthread_mutex_lock(mutex); });
}

int lock_mutex_until(pthread_mutex_t* mutex, clockid_t clock, const timespec* until, taken which,
                     const void* caller) noexcept {
  if (!time_limit::knows(clock)) return EINVAL;
  return lock_with(mutex, {clock, until}, which, caller,
                   [=] { return real().pthread_mutex_clocklock(mutex, clock, until); });
}

int try_mutex(pthread_mutex_t* mutex) noexcept {
  const int kind = kind_of(mutex);
  if (!may_wait_in_lot(kind) || !detail::hold_foreign_lock()) return real().pthread_mutex_trylock(mutex);
  return lock_and_stay([=] { return try_as_fiber(mutex, kind); });
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
