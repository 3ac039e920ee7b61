#pragma once
// std_shim, interpose: what mutexes (mutex.cpp) and rwlocks (shared_lock.cpp) have in common: the wait of a fiber for a
// lock of libc's, which ends with what libc's own try function says, or at its time limit. A lock cannot say that its
// fiber is asked to end, so that is not asked: who holds it ends, and gives it back.

#include <cerrno>

#include "ground.hpp"
#include "lot.hpp"
#include "time_limit.hpp"

namespace weft::interpose {

// A1 to A7 (lot.hpp). `try_lock` returns EBUSY while it is to be waited for.
template <class TryLock>
int wait_for_lock(const void* lock, const time_limit& limit, const char* what, TryLock try_lock,
                  std::uint32_t bits = k_any) noexcept {
  if (!limit.is_valid()) return EINVAL;
  int outcome = EBUSY;
  const auto attempt = [&] { return (outcome = try_lock()) != EBUSY; };
  for (;;) {
    const auto reason = wait_in_lot(lock, limit.until(), detail::cancellation::ignored, what, attempt, bits);
    if (reason == detail::wake_reason::ready) return outcome;
    if (limit.is_over()) return ETIMEDOUT;  // the wall clock may have been set back meanwhile
  }
}

// Counts the lock as the fiber's (it stays on its worker from here on) if `lock` gets it. The caller is a fiber.
template <class Lock>
int lock_and_stay(Lock lock) noexcept {
  const int outcome = lock();
  if (outcome != 0) [[unlikely]]
    detail::release_foreign_lock();
  return outcome;
}

}  // namespace weft::interpose
