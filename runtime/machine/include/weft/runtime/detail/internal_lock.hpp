#pragma once
// Room: runtime. The lock inside primitives and queues: held for tens of nanoseconds, never across a switch, never
// while user code runs. A three-state futex word rather than a spin lock, because there are more threads than cores by
// design and a pre-empted holder must not cost a time slice: a few spins, then the kernel.
// Constant-initialised, 4 bytes, trivially destructible; an object may be destroyed by whoever passed through its lock
// last. The protocol is "Unlocking cheaply", lock_word.hpp. Next: wait_list.hpp, which it usually guards.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <weft/runtime/detail/asymmetric_fence.hpp>
#include <weft/runtime/detail/atomic.hpp>
#include <weft/runtime/detail/lock_word.hpp>
#include <weft/runtime/detail/thread_safety.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// What lock_word.hpp is written against, for real.
struct lock_env {
  template <class T>
  using atomic = detail::atomic<T>;

  // Between two looks at a lock that is held. Each look takes the word away from the holder's processor, so that two
  // who fight for a lock at every step are quicker if each has it for many steps in a row: with a look at each pause
  // four producers and four consumers take four times as long. Some microseconds in all, and then the kernel.
  static constexpr int k_first_pause = 128;
  static constexpr int k_longest_pause = 256;
  // A heavy fence is some microseconds, an exchange that is saved some nanoseconds.
  static constexpr std::uint32_t k_quiet_unlocks = 4096;

  static void light_fence() noexcept { detail::light_fence(); }
  static void heavy_fence() noexcept { detail::heavy_fence(); }
  static void spin_pause() noexcept;
  static void wait_while(std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept;
  static void wake_one(std::atomic<std::uint32_t>& word) noexcept;
};

using lock_buckets = std::array<lock_bucket<lock_env>, 64>;
extern constinit lock_buckets g_lock_buckets;

extern template class lock_word<lock_env>;

class WEFT_CAPABILITY("internal_lock") internal_lock {
 public:
  constexpr internal_lock() noexcept = default;
  internal_lock(const internal_lock&) = delete;
  internal_lock& operator=(const internal_lock&) = delete;

  void lock() noexcept WEFT_ACQUIRE() {
    if (!word_.try_lock()) [[unlikely]]
      lock_contended();
  }
  [[nodiscard]] bool try_lock() noexcept WEFT_TRY_ACQUIRE(true) { return word_.try_lock(); }
  void unlock() noexcept WEFT_RELEASE() { word_.unlock(bucket()); }

 private:
  void lock_contended() noexcept WEFT_NO_THREAD_SAFETY_ANALYSIS;

  [[nodiscard]] lock_bucket<lock_env>& bucket() const noexcept {
    constexpr unsigned k_cache_line_bits = 6;
    return g_lock_buckets[(reinterpret_cast<std::uintptr_t>(this) >> k_cache_line_bits) % 64];
  }

  lock_word<lock_env> word_;
};

// std::lock_guard with the annotations that clang checks.
class WEFT_SCOPED_CAPABILITY internal_guard {
 public:
  explicit internal_guard(internal_lock& lock) noexcept WEFT_ACQUIRE(lock) : lock_(lock) { lock_.lock(); }
  ~internal_guard() WEFT_RELEASE() { lock_.unlock(); }
  internal_guard(const internal_guard&) = delete;
  internal_guard& operator=(const internal_guard&) = delete;

 private:
  internal_lock& lock_;
};

}  // namespace weft::detail

#pragma GCC visibility pop
