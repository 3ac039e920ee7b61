#pragma once
// Room: runtime. A field of one worker whose owner runs on many stacks, and which others may read for a statistic: a
// plain load and store that no race detector has to worry about. Never a means of publishing anything.

#include <atomic>

namespace weft::detail {

template <class T>
class relaxed {
 public:
  constexpr relaxed() noexcept = default;
  constexpr relaxed(T value) noexcept : value_(value) {}  // NOLINT(google-explicit-constructor): reads like a T

  operator T() const noexcept { return value_.load(std::memory_order_relaxed); }  // NOLINT(google-explicit-constructor)
  T get() const noexcept { return value_.load(std::memory_order_relaxed); }
  T operator->() const noexcept { return get(); }
  relaxed& operator=(T value) noexcept {
    // relaxed: publishes nothing, see above.
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }
  // Single writer: a load and a store, no locked instruction.
  relaxed& operator+=(T delta) noexcept { return *this = static_cast<T>(get() + delta); }
  T operator++() noexcept {
    const T next = static_cast<T>(get() + 1);
    *this = next;
    return next;
  }

 private:
  std::atomic<T> value_{};
};

}  // namespace weft::detail
