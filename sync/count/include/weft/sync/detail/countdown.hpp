#pragma once
// Room: sync. A count that goes down to zero, and those who wait for that: what a wait_group and a latch are made of.
// "Counting down" in numbered steps: countdown.cpp. Misuse is told to the caller, which says it in its own words.
// Next: wait_group.hpp, latch.hpp.

#include <atomic>
#include <cstdint>
#include <limits>

#include <weft/runtime/detail/atomic.hpp>
#include <weft/sync/detail/wait_queue.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

class countdown {
 public:
  static constexpr std::int32_t k_max = std::numeric_limits<std::int32_t>::max();

  constexpr explicit countdown(std::int32_t count) noexcept : count_(count) {}
  countdown(const countdown&) = delete;
  countdown& operator=(const countdown&) = delete;

  // For the destructor of the primitive: waiters who were cancelled are let out first.
  void wait_until_left(wait_label what) noexcept { waiters_.wait_until_left(what); }

  // n >= 0. False, and nothing has changed, if the count would pass k_max. Scheduling points around it.
  [[nodiscard]] bool add(std::int32_t n) noexcept;

  // n >= 0. False, and nothing has changed, if the count would go below zero. Scheduling points around it.
  [[nodiscard]] bool take(std::int64_t n) noexcept;

  [[nodiscard]] bool is_zero() const noexcept {
    // acquire: sees what came before every take(); pairs with take_last().
    return count_.load(std::memory_order_acquire) == 0;
  }

  // Parks until the count is zero. A cancellation point.
  void wait(wait_label what);

 private:
  bool add_now(std::int32_t n) noexcept;
  bool take_now(std::int64_t n) noexcept;
  bool try_take(std::int64_t n) noexcept;
  bool take_last(std::int64_t n) noexcept;

  // Any thread. It becomes zero only under waiters_.lock.
  atomic<std::int32_t> count_;
  wait_queue waiters_;
};

}  // namespace weft::detail

#pragma GCC visibility pop
