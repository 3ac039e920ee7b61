#pragma once
// Room: tests of runtime. An Env for the lock-free protocols that counts what they do to memory that workers share. For
// one thread.

#include <atomic>

namespace weft::testing {

struct accesses {
  unsigned loads = 0;
  unsigned stores = 0;
  unsigned locked = 0;  // read-modify-writes and fences
  friend bool operator==(const accesses&, const accesses&) = default;
  friend accesses operator-(const accesses& a, const accesses& b) {
    return {a.loads - b.loads, a.stores - b.stores, a.locked - b.locked};
  }
};

inline accesses counted;

template <class F>
accesses count_accesses(F piece) {
  const accesses before = counted;
  piece();
  return counted - before;
}

template <class T>
class counting_atomic {
 public:
  using order = std::memory_order;

  counting_atomic() = default;
  counting_atomic(T value) : value_(value) {}  // NOLINT(google-explicit-constructor): as std::atomic

  T load(order) const {
    ++counted.loads;
    return value_;
  }
  void store(T value, order) {
    ++counted.stores;
    value_ = value;
  }
  T exchange(T value, order) { return update(value); }
  T fetch_add(T value, order) { return update(static_cast<T>(value_ + value)); }
  T fetch_sub(T value, order) { return update(static_cast<T>(value_ - value)); }
  T fetch_and(T value, order) { return update(static_cast<T>(value_ & value)); }
  T fetch_or(T value, order) { return update(static_cast<T>(value_ | value)); }
  bool compare_exchange_strong(T& expected, T desired, order, order) {
    ++counted.locked;
    const bool is_so = value_ == expected;
    (is_so ? value_ : expected) = is_so ? desired : value_;
    return is_so;
  }
  bool compare_exchange_weak(T& expected, T desired, order success, order failure) {
    return compare_exchange_strong(expected, desired, success, failure);
  }

 private:
  T update(T next) {
    ++counted.locked;
    const T before = value_;
    value_ = next;
    return before;
  }

  T value_{};
};

struct counting_env {
  template <class T>
  using atomic = counting_atomic<T>;
  static void fence() { ++counted.locked; }
};

}  // namespace weft::testing
