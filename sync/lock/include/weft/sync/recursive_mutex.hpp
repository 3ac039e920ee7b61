#pragma once
// Room: sync. The mutexes that their owner may lock again: an owner and a count of levels beside a timed_mutex, which
// does all the waiting.
// Next: shared_mutex.hpp.

#include <atomic>
#include <cstdint>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/wait_limit.hpp>
#include <weft/sync/timed_mutex.hpp>

#pragma GCC visibility push(default)

namespace weft {

// std::recursive_mutex for fibers and plain threads at once: the owner is the fiber, or the thread outside one, so it
// may be held across a parking point and a migration. Constant-initialised, 48 bytes, trivially destructible.
//
//   weft::recursive_mutex m;
//   std::scoped_lock outer(m), inner(m);
//
// The owner's lock() and try_lock() add a level and never wait; the unlock() of the last level lets go. Otherwise it is
// a weft::mutex: lock() is a switch point when it waits and never a cancellation point, the others are neither;
// fairness, hand-off and destruction are those of mutex.hpp.
// A wait on a condition variable lets go of one level, as in std.
// Levels: up to k_most_levels; one more makes lock() throw std::system_error(resource_unavailable_try_again) and the
// try_ forms return false.
// Misuse: unlocking one that is free ends the process; in a debug build of the library so does unlocking what another
// fiber or thread holds.
class recursive_mutex {
 public:
  static constexpr std::uint32_t k_most_levels = (1u << 20) - 1;

  constexpr recursive_mutex() noexcept = default;
  ~recursive_mutex() = default;
  recursive_mutex(const recursive_mutex&) = delete;
  recursive_mutex& operator=(const recursive_mutex&) = delete;

  void lock();
  [[nodiscard]] bool try_lock() noexcept;
  void unlock() noexcept;

 protected:
  [[nodiscard]] bool lock_until(deadline until);

 private:
  [[nodiscard]] bool is_owned_by(const void* self) const noexcept;
  void note_owner(const void* self) noexcept;
  [[nodiscard]] bool add_level() noexcept;

  timed_mutex core_;
  // Written by the holder; others compare it with themselves.
  std::atomic<const void*> owner_{nullptr};
  // The holder only.
  std::uint32_t levels_ = 0;
};

// The same with a limit to the wait, as timed_mutex.hpp says: the try_lock_ forms are no cancellation points either.
class recursive_timed_mutex : recursive_mutex {
 public:
  using recursive_mutex::k_most_levels;

  constexpr recursive_timed_mutex() noexcept = default;
  ~recursive_timed_mutex() = default;
  recursive_timed_mutex(const recursive_timed_mutex&) = delete;
  recursive_timed_mutex& operator=(const recursive_timed_mutex&) = delete;

  using recursive_mutex::lock;
  using recursive_mutex::try_lock;
  using recursive_mutex::unlock;

  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& d) {
    return lock_until(detail::limit(d));
  }

  template <class Clock, class Duration>
  [[nodiscard]] bool try_lock_until(const std::chrono::time_point<Clock, Duration>& t) {
    return detail::wait_by(t, [this](deadline until) { return lock_until(until); });
  }
};

}  // namespace weft

#pragma GCC visibility pop
