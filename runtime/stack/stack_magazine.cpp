// Room: runtime. See stack_magazine.hpp.

#include "stack_magazine.hpp"

namespace weft::detail {

namespace {
constexpr std::uint32_t k_half = stack_magazine::k_room / 2;
}

// Ours are spent, so a refusal is the pool's word: nothing is left here that could be reclaimed but hot stacks' room.
void stack_magazine::refill_permits() {
  flush_if_scarce();
  permits_ = static_cast<std::uint32_t>(pool_.take_permits(k_permits_at_once));
}

stack stack_magazine::take_from_pool() noexcept {
  stack taken[k_half];
  std::uint32_t count = static_cast<std::uint32_t>(pool_.take(taken, is_open_ ? k_half : 1));
  if (count == 0) return {};
  --count;
  for (std::uint32_t i = 0; i < count; ++i) {
    hot_[i].bottom = taken[i].bottom;
    hot_[i].slot = taken[i].slot;
  }
  count_ = count;
  return taken[count];
}

// Closed: opens, unless there is no room for hot stacks now.
void stack_magazine::give_to_pool(const stack& used) noexcept {
  is_open_ = pool_.open_magazine(k_room);
  if (is_open_) return give_back(used);
  pool_.give_back({&used, 1}, 1);
}

void stack_magazine::shed() noexcept {
  if (pool_.is_scarce()) return flush();
  const std::uint32_t stacks = count_ == k_room ? k_half : 0;
  const std::uint32_t permits = permits_ > k_permits_at_once ? permits_ - k_permits_at_once : 0;
  shed_coldest(stacks, permits, 0);
}

void stack_magazine::shed_coldest(std::uint32_t stacks, std::uint32_t permits, std::uint32_t closed) noexcept {
  stack shed[k_half];
  for (std::uint32_t i = 0; i < stacks; ++i) shed[i] = at(i);
  for (std::uint32_t i = stacks; i < count_; ++i) {
    hot_[i - stacks].bottom = hot_[i].bottom.get();
    hot_[i - stacks].slot = hot_[i].slot.get();
  }
  count_ = count_ - stacks;
  permits_ = permits_ - permits;
  pool_.give_back({shed, stacks}, permits, closed);
}

void stack_magazine::flush_all() noexcept {
  if (count_ > k_half) shed_coldest(k_half, 0, 0);
  const std::uint32_t closed = is_open_ ? k_room : 0;
  is_open_ = false;
  shed_coldest(count_, permits_, closed);
}

}  // namespace weft::detail
