// std_shim, interpose: pthread_mutex_*. The word stays libc's ("Waiting for libc's word", lot.hpp): a fiber tries
// libc's own trylock, and parks in the lot where a thread would sleep. A fiber that holds one stays on its worker,
// whose thread is the owner that libc knows.
//
// "Whose it is". Recursive and error-checking kinds ask who the owner is, and libc knows the thread alone, which
// other fibers share. So the fiber's id stands beside it, in a word that libc uses for robust mutexes only. It is
// written by a fiber that has the lock. What others read of it counts only if their own thread is the owner: then that
// thread wrote it last, and what runs on it runs one after the other.
//
// Robust ones, those that inherit priorities, and those shared between processes are passed through: they block.
//
// Where a fiber may not park (ground.hpp) it blocks its thread, unless the owner is that very thread: a fiber that
// stays here, and would never run again. Then it parks all the same, and so lets the owner go on.

#include "mutex.hpp"

#include <cerrno>

#include "exports.hpp"
#include "locking.hpp"
#include "race_detector.hpp"

namespace weft::interpose {

namespace {

constexpr int k_elision = 256 | 512;
constexpr int k_type = 3;

int kind_of(const pthread_mutex_t* mutex) noexcept {
  return __atomic_load_n(&mutex->__data.__kind, __ATOMIC_RELAXED) & ~k_elision;
}
bool may_wait_in_lot(int kind) noexcept { return (kind & ~k_type) == 0; }
bool has_owner(int kind) noexcept { return kind == PTHREAD_MUTEX_RECURSIVE_NP || kind == PTHREAD_MUTEX_ERRORCHECK_NP; }

auto& owner_word(pthread_mutex_t* mutex) noexcept { return mutex->__data.__list.__next; }

bool is_the_fibers(pthread_mutex_t* mutex, std::uint64_t fiber) noexcept {
  return reinterpret_cast<std::uintptr_t>(__atomic_load_n(&owner_word(mutex), __ATOMIC_RELAXED)) == fiber;
}
void make_it_the_fibers(pthread_mutex_t* mutex, std::uint64_t fiber) noexcept {
  __atomic_store_n(&owner_word(mutex), reinterpret_cast<decltype(+owner_word(mutex))>(fiber), __ATOMIC_RELAXED);
}

bool is_of_this_thread(const pthread_mutex_t* mutex) noexcept {
  const int owner = __atomic_load_n(&mutex->__data.__owner, __ATOMIC_RELAXED);
  return owner != 0 && owner == detail::this_foreign_caller().thread;
}
// By a fiber. It asks for the thread last, which costs most.
bool is_of_another_fiber_here(pthread_mutex_t* mutex, std::uint64_t fiber) noexcept {
  return !is_the_fibers(mutex, fiber) && is_of_this_thread(mutex);
}

// By a fiber, of a kind that has an owner: "Whose it is".
int try_owned(pthread_mutex_t* mutex, std::uint64_t fiber) noexcept {
  if (is_of_another_fiber_here(mutex, fiber)) return EBUSY;
  const int outcome = real().pthread_mutex_trylock(mutex);
  if (outcome == 0) make_it_the_fibers(mutex, fiber);
  return outcome;
}

int try_as_fiber(pthread_mutex_t* mutex, int kind, std::uint64_t fiber) noexcept {
  return has_owner(kind) ? try_owned(mutex, fiber) : real().pthread_mutex_trylock(mutex);
}

// As the caller asked for it; the rest of a way that is seldom taken.
struct request {
  clockid_t clock = CLOCK_REALTIME;
  const timespec* until = nullptr;  // for ever
  taken which;
  const void* caller;
};

int block_until(pthread_mutex_t* mutex, clockid_t clock, const timespec* until) noexcept {
  return and_tell_of_lock(mutex, told_lock::mutex, [=] { return real().pthread_mutex_clocklock(mutex, clock, until); });
}

int block(pthread_mutex_t* mutex, const request& asked) noexcept {
  return asked.until == nullptr ? real().pthread_mutex_lock(mutex) : block_until(mutex, asked.clock, asked.until);
}

bool may_park_for(const pthread_mutex_t* mutex, const request& asked) noexcept {
  const ground here = look_around(asked.which, asked.caller);
  if (here == ground::once || here == ground::loader) return is_of_this_thread(mutex);
  return here == ground::may_park;
}

int wait_as_fiber(pthread_mutex_t* mutex, int kind, std::uint64_t fiber, const request& asked) noexcept {
  // Who would wait for itself for ever is told so by libc, if the kind asks.
  if (kind == PTHREAD_MUTEX_ERRORCHECK_NP && is_the_fibers(mutex, fiber) && is_of_this_thread(mutex)) return EDEADLK;
  if (may_park_for(mutex, asked))
    return wait_for_lock(mutex, {asked.clock, asked.until}, "pthread mutex",
                         [=] { return try_as_fiber(mutex, kind, fiber); });
  // A second fiber of the owner's thread would pass for the owner.
  if (has_owner(kind) && is_of_another_fiber_here(mutex, fiber)) return EDEADLK;
  const int outcome = block(mutex, asked);
  if (outcome == 0 && has_owner(kind)) make_it_the_fibers(mutex, fiber);
  return outcome;
}

[[gnu::noinline]] int lock_at_last(pthread_mutex_t* mutex, int kind, std::uint64_t fiber, int outcome, clockid_t clock,
                                   const timespec* until, taken which, const void* caller) noexcept {
  return lock_and_stay([&] {
    return outcome == EBUSY ? wait_as_fiber(mutex, kind, fiber, {clock, until, which, caller}) : outcome;
  });
}

[[gnu::noinline]] int pass_by(pthread_mutex_t* mutex, clockid_t clock, const timespec* until, taken which,
                              const void* caller) noexcept {
  note_cannot(which, caller);
  return block(mutex, {clock, until, which, caller});
}

// What a free lock costs over libc's is here, and stands in registers.
[[gnu::always_inline]] inline int lock_with(pthread_mutex_t* mutex, clockid_t clock, const timespec* until, taken which,
                                            const void* caller) noexcept {
  const int kind = kind_of(mutex);
  if (!may_wait_in_lot(kind)) [[unlikely]]
    return pass_by(mutex, clock, until, which, caller);
  const std::uint64_t fiber = detail::hold_foreign_lock();
  if (fiber == 0) return until == nullptr ? real().pthread_mutex_lock(mutex) : block_until(mutex, clock, until);
  const int outcome = try_as_fiber(mutex, kind, fiber);
  if (outcome == 0) [[likely]]
    return 0;
  return lock_at_last(mutex, kind, fiber, outcome, clock, until, which, caller);
}

bool may_unlock(pthread_mutex_t* mutex) noexcept {
  const std::uint64_t fiber = detail::this_foreign_fiber();
  return fiber == 0 || !is_of_another_fiber_here(mutex, fiber);
}

}  // namespace

int lock_mutex(pthread_mutex_t* mutex, taken which, const void* caller) noexcept {
  return lock_with(mutex, CLOCK_REALTIME, nullptr, which, caller);
}

int lock_mutex_until(pthread_mutex_t* mutex, clockid_t clock, const timespec* until, taken which,
                     const void* caller) noexcept {
  return time_limit::knows(clock) ? lock_with(mutex, clock, until, which, caller) : EINVAL;
}

int try_mutex(pthread_mutex_t* mutex) noexcept {
  const int kind = kind_of(mutex);
  const std::uint64_t fiber = may_wait_in_lot(kind) ? detail::hold_foreign_lock() : 0;
  if (fiber == 0) return real().pthread_mutex_trylock(mutex);
  return lock_and_stay([=] { return try_as_fiber(mutex, kind, fiber); });
}

int unlock_mutex(pthread_mutex_t* mutex) noexcept {
  const int kind = kind_of(mutex);
  if (!may_wait_in_lot(kind)) [[unlikely]]
    return real().pthread_mutex_unlock(mutex);
  if (has_owner(kind) && !may_unlock(mutex)) return EPERM;
  const int outcome = real().pthread_mutex_unlock(mutex);
  if (outcome != 0) [[unlikely]]
    return outcome;
  detail::release_foreign_lock();
  after_release(mutex, 1);  // of its address alone: the mutex may be gone
  return 0;
}

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  return lock_with(mutex, CLOCK_REALTIME, nullptr, taken::pthread_mutex_lock, WEFT_CALLER);
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
