#pragma once
// Room: tests. The named requirements of [thread.req.lockable] and [thread.mutex.requirements] as concepts: the
// expressions, and the types that they must have.

#include <chrono>
#include <concepts>
#include <type_traits>

namespace weft::testing {

using limit_for = std::chrono::milliseconds;
using limit_until = std::chrono::steady_clock::time_point;
using wall_limit_until = std::chrono::system_clock::time_point;

template <class L>
concept basic_lockable = requires(L l) {
  { l.lock() } -> std::same_as<void>;
  { l.unlock() } -> std::same_as<void>;
};

template <class L>
concept lockable = basic_lockable<L> && requires(L l) {
  { l.try_lock() } -> std::same_as<bool>;
};

template <class L>
concept timed_lockable = lockable<L> && requires(L l, limit_for d, limit_until t, wall_limit_until w) {
  { l.try_lock_for(d) } -> std::same_as<bool>;
  { l.try_lock_until(t) } -> std::same_as<bool>;
  { l.try_lock_until(w) } -> std::same_as<bool>;
};

template <class L>
concept shared_lockable = requires(L l) {
  { l.lock_shared() } -> std::same_as<void>;
  { l.try_lock_shared() } -> std::same_as<bool>;
  { l.unlock_shared() } -> std::same_as<void>;
};

template <class L>
concept shared_timed_lockable = shared_lockable<L> && requires(L l, limit_for d, limit_until t, wall_limit_until w) {
  { l.try_lock_shared_for(d) } -> std::same_as<bool>;
  { l.try_lock_shared_until(t) } -> std::same_as<bool>;
  { l.try_lock_shared_until(w) } -> std::same_as<bool>;
};

// What is made in its place and stays there.
template <class T>
inline constexpr bool k_stays_in_place =
    !std::is_copy_constructible_v<T> && !std::is_move_constructible_v<T> && !std::is_copy_assignable_v<T> &&
    !std::is_move_assignable_v<T> && std::is_destructible_v<T>;

// What is handed on and never doubled.
template <class T>
inline constexpr bool k_moves_alone = !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> &&
                                      std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T>;

// A clock that is neither of those that are known: a wait until a time on it must do all the same.
struct foreign_clock {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<foreign_clock>;
  static constexpr bool is_steady = true;
  static time_point now() noexcept {
    return time_point(std::chrono::duration_cast<duration>(std::chrono::steady_clock::now().time_since_epoch()));
  }
};

}  // namespace weft::testing
