#pragma once
// Room: std_shim. std::atomic for programs that are simulated: in a simulation (simulate.hpp) each operation is a
// scheduling point, so that a seed finds what goes wrong between a load and the store that follows it. It owns a
// std::atomic and nothing else; who waits at one, address_wait.hpp.
// Next: runtime/simulate.hpp.

#include <atomic>
#include <cstddef>
#include <type_traits>

#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/sync/detail/address_wait.hpp>

#pragma GCC visibility push(default)

namespace weft {

using std::memory_order;
using std::memory_order_acq_rel;
using std::memory_order_acquire;
using std::memory_order_consume;
using std::memory_order_relaxed;
using std::memory_order_release;
using std::memory_order_seq_cst;

namespace detail {

// What fetch_add takes and gives; only named where it is called.
template <class T>
using atomic_difference = std::conditional_t<std::is_pointer_v<T>, std::ptrdiff_t, T>;

template <class T>
concept atomic_number = (std::is_arithmetic_v<T> && !std::is_same_v<std::remove_cv_t<T>, bool>) ||
                        (std::is_pointer_v<T> && std::is_object_v<std::remove_pointer_t<T>>);
template <class T>
concept atomic_integer = std::is_integral_v<T> && !std::is_same_v<std::remove_cv_t<T>, bool>;
template <class T>
concept atomic_stepped = atomic_integer<T> ||(atomic_number<T>&& std::is_pointer_v<T>);

}  // namespace detail

// A std::atomic<T>, with its interface but for the volatile overloads.
//
//   weft::atomic<int> free{1};
//   weft::simulate_many(1'000, [] {                       finds that two may see 1 before either stores 0
//     if (free.load() == 1) free.store(0);
//   });
//
// Outside of a simulation an operation is std::atomic's, and a load and a branch that is predicted. Inside, others run
// between any two of them; what runs is one thread, so memory orders make no difference there: what a weaker order lets
// happen is the race detector's to find, or a model's.
//
// wait() parks the calling fiber, or blocks the calling thread, where std's would keep a worker; so it is a
// cancellation point, and not noexcept. It returns once the value was seen to be another. notify_one() and notify_all()
// wake those who wait at this atomic; whoever is woken may destroy it.
template <class T>
class atomic {
 public:
  using value_type = T;
  static constexpr bool is_always_lock_free = std::atomic<T>::is_always_lock_free;

  constexpr atomic() noexcept(std::is_nothrow_default_constructible_v<T>) : value_() {}
  constexpr atomic(T desired) noexcept : value_(desired) {}  // NOLINT(google-explicit-constructor): as std's
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  [[nodiscard]] bool is_lock_free() const noexcept { return value_.is_lock_free(); }

  T operator=(T desired) noexcept {  // NOLINT(misc-unconventional-assign-operator): as std's
    store(desired);
    return desired;
  }
  operator T() const noexcept { return load(); }  // NOLINT(google-explicit-constructor): as std's

  void store(T desired, memory_order order = memory_order_seq_cst) noexcept {
    detail::scheduling_point();
    value_.store(desired, order);
  }
  [[nodiscard]] T load(memory_order order = memory_order_seq_cst) const noexcept {
    detail::scheduling_point();
    return value_.load(order);
  }
  T exchange(T desired, memory_order order = memory_order_seq_cst) noexcept {
    detail::scheduling_point();
    return value_.exchange(desired, order);
  }

  bool compare_exchange_weak(T& expected, T desired, memory_order success, memory_order failure) noexcept {
    detail::scheduling_point();
    return value_.compare_exchange_weak(expected, desired, success, failure);
  }
  bool compare_exchange_weak(T& expected, T desired, memory_order order = memory_order_seq_cst) noexcept {
    detail::scheduling_point();
    return value_.compare_exchange_weak(expected, desired, order);
  }
  bool compare_exchange_strong(T& expected, T desired, memory_order success, memory_order failure) noexcept {
    detail::scheduling_point();
    return value_.compare_exchange_strong(expected, desired, success, failure);
  }
  bool compare_exchange_strong(T& expected, T desired, memory_order order = memory_order_seq_cst) noexcept {
    detail::scheduling_point();
    return value_.compare_exchange_strong(expected, desired, order);
  }

  void wait(T old, memory_order order = memory_order_seq_cst) const {
    const watched seen{&value_, old, order};
    while (is_still(&seen)) detail::wait_at_address(&value_, {&is_still, &seen});
  }
  void notify_one() noexcept { detail::notify_address(&value_, false); }
  void notify_all() noexcept { detail::notify_address(&value_, true); }

  // Integers, floating point and pointers to objects.
  T fetch_add(detail::atomic_difference<T> by,
              memory_order order = memory_order_seq_cst) noexcept requires detail::atomic_number<T> {
    detail::scheduling_point();
    return value_.fetch_add(by, order);
  }
  T fetch_sub(detail::atomic_difference<T> by,
              memory_order order = memory_order_seq_cst) noexcept requires detail::atomic_number<T> {
    detail::scheduling_point();
    return value_.fetch_sub(by, order);
  }
  T operator+=(detail::atomic_difference<T> by) noexcept requires detail::atomic_number<T> {
    return static_cast<T>(fetch_add(by) + by);
  }
  T operator-=(detail::atomic_difference<T> by) noexcept requires detail::atomic_number<T> {
    return static_cast<T>(fetch_sub(by) - by);
  }

  // Integers and pointers to objects.
  T operator++() noexcept requires detail::atomic_stepped<T> { return *this += 1; }
  T operator--() noexcept requires detail::atomic_stepped<T> { return *this -= 1; }
  T operator++(int) noexcept requires detail::atomic_stepped<T> { return fetch_add(1); }
  T operator--(int) noexcept requires detail::atomic_stepped<T> { return fetch_sub(1); }

  // Integers.
  T fetch_and(T with, memory_order order = memory_order_seq_cst) noexcept requires detail::atomic_integer<T> {
    detail::scheduling_point();
    return value_.fetch_and(with, order);
  }
  T fetch_or(T with, memory_order order = memory_order_seq_cst) noexcept requires detail::atomic_integer<T> {
    detail::scheduling_point();
    return value_.fetch_or(with, order);
  }
  T fetch_xor(T with, memory_order order = memory_order_seq_cst) noexcept requires detail::atomic_integer<T> {
    detail::scheduling_point();
    return value_.fetch_xor(with, order);
  }
  T operator&=(T with) noexcept requires detail::atomic_integer<T> { return static_cast<T>(fetch_and(with) & with); }
  T operator|=(T with) noexcept requires detail::atomic_integer<T> { return static_cast<T>(fetch_or(with) | with); }
  T operator^=(T with) noexcept requires detail::atomic_integer<T> { return static_cast<T>(fetch_xor(with) ^ with); }

 private:
  struct watched {
    const std::atomic<T>* value;
    T old;
    memory_order order;
  };
  // Bit by bit, as std.
  static bool is_still(const void* context) noexcept {
    const watched& seen = *static_cast<const watched*>(context);
    const T now = seen.value->load(seen.order);
    return __builtin_memcmp(&now, &seen.old, sizeof(T)) == 0;
  }

  std::atomic<T> value_;
};

// A std::atomic_flag: clear until it is set; wait as above.
class atomic_flag {
 public:
  constexpr atomic_flag() noexcept = default;
  atomic_flag(const atomic_flag&) = delete;
  atomic_flag& operator=(const atomic_flag&) = delete;

  bool test_and_set(memory_order order = memory_order_seq_cst) noexcept { return is_set_.exchange(true, order); }
  void clear(memory_order order = memory_order_seq_cst) noexcept { is_set_.store(false, order); }
  [[nodiscard]] bool test(memory_order order = memory_order_seq_cst) const noexcept { return is_set_.load(order); }
  void wait(bool old, memory_order order = memory_order_seq_cst) const { is_set_.wait(old, order); }
  void notify_one() noexcept { is_set_.notify_one(); }
  void notify_all() noexcept { is_set_.notify_all(); }

 private:
  atomic<bool> is_set_{false};
};

using atomic_bool = atomic<bool>;
using atomic_char = atomic<char>;
using atomic_int = atomic<int>;
using atomic_uint = atomic<unsigned>;
using atomic_long = atomic<long>;
using atomic_ulong = atomic<unsigned long>;
using atomic_llong = atomic<long long>;
using atomic_ullong = atomic<unsigned long long>;
using atomic_size_t = atomic<std::size_t>;
using atomic_ptrdiff_t = atomic<std::ptrdiff_t>;

}  // namespace weft

#pragma GCC visibility pop
