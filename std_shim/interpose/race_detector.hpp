#pragma once
// std_shim, interpose: whether the program has ThreadSanitizer, which has some of libc's names, too, and knows of a
// thread, a lock, a routine that runs once what is done by those alone. That of g++ 12 has no lock that waits until a
// time on a clock (pthread_mutex_clocklock, which std::timed_mutex calls): it is told of what was locked so, or it
// would take the unlock for a mistake.

extern "C" {
[[gnu::weak]] void __tsan_acquire(void* address);
[[gnu::weak]] void __tsan_mutex_pre_lock(void* lock, unsigned flags);
[[gnu::weak]] void __tsan_mutex_post_lock(void* lock, unsigned flags, int recursion);
// Its own, in versions that have them.
[[gnu::weak]] void __interceptor_pthread_mutex_clocklock();
[[gnu::weak]] void __interceptor_pthread_rwlock_clockrdlock();
[[gnu::weak]] void __interceptor_sem_clockwait();
}

namespace weft::interpose {

[[nodiscard]] inline bool has_race_detector() noexcept { return &__tsan_acquire != nullptr; }

enum class told_lock : unsigned { mutex, to_read, to_write };

// `wait` is libc's own, and returns 0 if it has the lock.
template <class Wait>
int and_tell_of_lock(void* lock, told_lock kind, Wait wait) noexcept {
  constexpr unsigned k_read = 1u << 3, k_try = 1u << 4, k_failed = 1u << 5;  // <sanitizer/tsan_interface.h>
  const bool is_seen = kind == told_lock::mutex ? &__interceptor_pthread_mutex_clocklock != nullptr
                                                : &__interceptor_pthread_rwlock_clockrdlock != nullptr;
  if (!has_race_detector() || is_seen) return wait();
  const unsigned flags = k_try | (kind == told_lock::to_read ? k_read : 0);
  __tsan_mutex_pre_lock(lock, flags);
  const int outcome = wait();
  __tsan_mutex_post_lock(lock, outcome == 0 ? flags : flags | k_failed, 0);
  return outcome;
}

// `wait` is libc's own, and returns 0 if a permit was had.
template <class Wait>
int and_tell_of_permit(void* semaphore, Wait wait) {
  const int outcome = wait();
  if (outcome == 0 && has_race_detector() && &__interceptor_sem_clockwait == nullptr) __tsan_acquire(semaphore);
  return outcome;
}

}  // namespace weft::interpose
