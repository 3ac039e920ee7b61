#pragma once
// Room: runtime. A std::atomic that tells ThreadSanitizer, if the program has it, what it orders: before an operation
// that releases, and after one that acquires. Nobody but a library that is ready for sanitizers uses it: atomic.hpp.
// ThreadSanitizer keeps one clock for an address, so what user code, compiled for it, does with the same word, counts.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <atomic>

// Not there: the program has no race detector.
extern "C" [[gnu::weak]] void __tsan_acquire(void* address);
extern "C" [[gnu::weak]] void __tsan_release(void* address);

#pragma GCC visibility push(default)

namespace weft::detail {

inline void tell_release(void* address) noexcept {
  if (&__tsan_release != nullptr) [[unlikely]]
    __tsan_release(address);
}
inline void tell_acquire(void* address) noexcept {
  if (&__tsan_acquire != nullptr) [[unlikely]]
    __tsan_acquire(address);
}

template <class T>
class announced_atomic : public std::atomic<T> {
  using base = std::atomic<T>;
  using order = std::memory_order;

 public:
  constexpr announced_atomic() noexcept = default;
  constexpr announced_atomic(T value) noexcept : base(value) {}  // NOLINT: as std's

  T load(order how) const noexcept {
    const T seen = base::load(how);
    after(how);
    return seen;
  }
  void store(T value, order how) noexcept {
    before(how);
    base::store(value, how);
  }
  T exchange(T value, order how) noexcept {
    before(how);
    const T seen = base::exchange(value, how);
    after(how);
    return seen;
  }
  bool compare_exchange_strong(T& expected, T desired, order how, order on_failure) noexcept {
    before(how);
    const bool is_done = base::compare_exchange_strong(expected, desired, how, on_failure);
    after(is_done ? how : on_failure);
    return is_done;
  }
  bool compare_exchange_weak(T& expected, T desired, order how, order on_failure) noexcept {
    before(how);
    const bool is_done = base::compare_exchange_weak(expected, desired, how, on_failure);
    after(is_done ? how : on_failure);
    return is_done;
  }
  template <class N>
  T fetch_add(N n, order how) noexcept {
    before(how);
    const T seen = base::fetch_add(n, how);
    after(how);
    return seen;
  }
  template <class N>
  T fetch_sub(N n, order how) noexcept {
    before(how);
    const T seen = base::fetch_sub(n, how);
    after(how);
    return seen;
  }
  T fetch_and(T bits, order how) noexcept {
    before(how);
    const T seen = base::fetch_and(bits, how);
    after(how);
    return seen;
  }
  T fetch_or(T bits, order how) noexcept {
    before(how);
    const T seen = base::fetch_or(bits, how);
    after(how);
    return seen;
  }

 private:
  // A release that fails to exchange orders a little too much: the detector then misses a race, and invents none.
  void before(order how) noexcept {
    if (how == order::release || how == order::acq_rel || how == order::seq_cst) tell_release(this);
  }
  void after(order how) const noexcept {
    if (how == order::acquire || how == order::acq_rel || how == order::seq_cst)
      tell_acquire(const_cast<announced_atomic*>(this));
  }
};

}  // namespace weft::detail

#pragma GCC visibility pop
