#pragma once
// Room: runtime. The lock inside primitives and queues: held for tens of nanoseconds, never across a switch, never
// while user code runs. A three-state futex word rather than a spin lock, because there are more threads than cores by
// design and a pre-empted holder must not cost a time slice: about a hundred spins, then the kernel.
// Constant-initialised, 4 bytes, trivially destructible.
// The unlocker's last access to memory is one exchange; a FUTEX_WAKE on the address after that is harmless even if the
// lock is gone, so an object may be destroyed by whoever passed through its lock last.
// Next: wait_list.hpp, which it usually guards.

#include <atomic>
#include <cstdint>

#include <weft/runtime/detail/thread_safety.hpp>

namespace weft::detail {

class WEFT_CAPABILITY("internal_lock") internal_lock {
 public:
  constexpr internal_lock() noexcept = default;
  internal_lock(const internal_lock&) = delete;
  internal_lock& operator=(const internal_lock&) = delete;

  void lock() noexcept WEFT_ACQUIRE() {
    std::uint32_t expected = k_free;
    // acquire: pairs with the release exchange in unlock().
    if (!word_.compare_exchange_strong(expected, k_held, std::memory_order_acquire, std::memory_order_relaxed))
      lock_contended();
  }

  [[nodiscard]] bool try_lock() noexcept WEFT_TRY_ACQUIRE(true) {
    std::uint32_t expected = k_free;
    // acquire: pairs with the release exchange in unlock().
    return word_.compare_exchange_strong(expected, k_held, std::memory_order_acquire, std::memory_order_relaxed);
  }

  void unlock() noexcept WEFT_RELEASE() {
    // release: publishes what was guarded; pairs with the acquires of lock(), try_lock() and lock_contended().
    if (word_.exchange(k_free, std::memory_order_release) == k_contended) wake_one();
  }

 private:
  static constexpr std::uint32_t k_free = 0;
  static constexpr std::uint32_t k_held = 1;       // nobody sleeps on the word
  static constexpr std::uint32_t k_contended = 2;  // somebody may

  void lock_contended() noexcept WEFT_NO_THREAD_SAFETY_ANALYSIS;
  void wake_one() noexcept;

  std::atomic<std::uint32_t> word_{k_free};
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
