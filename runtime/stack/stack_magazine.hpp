#pragma once
// Room: runtime. What a worker keeps of its runtime's stack pool, so that most spawns, first turns and ends touch
// nothing shared: permits in batches, and the stacks that ended here last. Owner only; at most k_room stacks and
// k_most_permits permits, exchanged with the pool in batches; the hottest stack is given out first. While the pool is
// scarce it keeps nothing (stack_pool.hpp). Flushed when the worker sleeps, and when it ends.

#include <array>
#include <cstddef>
#include <cstdint>

#include "relaxed.hpp"
#include "stack_pool.hpp"

namespace weft::detail {

class stack_magazine {
 public:
  static constexpr std::uint32_t k_room = 32;
  static constexpr std::uint32_t k_permits_at_once = 64;
  static constexpr std::uint32_t k_most_permits = 2 * k_permits_at_once;

  explicit stack_magazine(stack_pool& pool) noexcept : pool_(pool) {}
  stack_magazine(const stack_magazine&) = delete;
  stack_magazine& operator=(const stack_magazine&) = delete;

  [[nodiscard]] bool serves(const stack_pool& pool) const noexcept { return &pool == &pool_; }

  // As stack_pool's.
  void take_permit() {
    if (permits_ == 0) [[unlikely]]
      refill_permits();
    permits_ = permits_ - 1;
  }
  void return_permit() noexcept {
    permits_ = permits_ + 1;
    settle();
  }
  [[nodiscard]] stack take() noexcept {
    if (count_ == 0) [[unlikely]]
      return take_from_pool();
    count_ = count_ - 1;
    return at(count_);
  }
  // Ends its permit too.
  void give_back(const stack& used) noexcept {
    if (!is_open_) [[unlikely]]
      return give_to_pool(used);
    hot_[count_].bottom = used.bottom;
    hot_[count_].slot = used.slot;
    count_ = count_ + 1;
    return_permit();
  }

  void flush_if_scarce() noexcept {
    if (pool_.is_scarce()) [[unlikely]]
      flush();
  }
  void flush() noexcept {
    if (is_open_ || permits_ != 0) flush_all();
  }

 private:
  struct hot_stack {
    relaxed<std::byte*> bottom;
    relaxed<std::uint32_t> slot;
  };

  [[nodiscard]] stack at(std::uint32_t i) const noexcept { return pool_.at(hot_[i].bottom, hot_[i].slot); }
  void settle() noexcept {
    if (count_ == k_room || permits_ == k_most_permits || pool_.is_scarce()) [[unlikely]]
      shed();
  }

  // Apart from the frames of who ends or parks: they need some stack.
  [[gnu::noinline]] void refill_permits();
  [[nodiscard, gnu::noinline]] stack take_from_pool() noexcept;
  [[gnu::noinline]] void give_to_pool(const stack& used) noexcept;
  [[gnu::noinline]] void shed() noexcept;
  [[gnu::noinline]] void flush_all() noexcept;
  void shed_coldest(std::uint32_t stacks, std::uint32_t permits, std::uint32_t closed) noexcept;

  stack_pool& pool_;
  relaxed<std::uint32_t> permits_{0};
  relaxed<std::uint32_t> count_{0};
  relaxed<bool> is_open_{false};  // the pool knows of our room
  std::array<hot_stack, k_room> hot_;
};

}  // namespace weft::detail
