#pragma once
// Room: tests. What the fibers of a simulated workload write down together: events, values that came. Its lock is no
// scheduling point, and never held across one. One thread runs them all, but the race detector rightly takes fibers
// that share a plain variable for racers.

#include <mutex>
#include <utility>

namespace weft::testing {

template <class T>
class noted {
 public:
  template <class F>
  decltype(auto) with(F f) {
    const std::scoped_lock held(mutex_);
    return f(value_);
  }
  [[nodiscard]] T get() const {
    const std::scoped_lock held(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace weft::testing
