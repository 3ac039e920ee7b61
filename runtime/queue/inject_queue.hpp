#pragma once
// Room: runtime. Where fibers go that no worker of their own takes: made ready by other threads, or overflown from a
// ring. Behind one lock, linked through the blocks; the size can be seen without it. Three lists:
//
//   begun     have run before; FIFO. Apart, because behind a million that were spawned at once one that was woken would
//             wait for all of them
//   outside   spawned by other threads; FIFO, in turns with:
//   spilled   spawned by fibers, more than a ring holds; whoever is out of work takes the newest: of a tree of fibers
//             the deep ones are run before the broad ones, and lie in the cache still. A worker that looks around
//             between turns takes one of the oldest, so none waits for ever once no more is spilled (what is spilled
//             again counts as new)

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>

#include <weft/runtime/detail/internal_lock.hpp>

#include "fiber_block.hpp"

namespace weft::detail {

class inject_queue {
 public:
  enum class spilled : bool { newest, one_oldest };

  // --- Any thread.
  void push(fiber_block* fiber) noexcept {
    const internal_guard guard(lock_);
    lists_[has_begun(*fiber) ? k_begun : k_outside].push(fiber);
    note_sizes();
  }

  // From a full ring, oldest first.
  void push_spilled(fiber_block* const* fibers, std::size_t count) noexcept {
    const internal_guard guard(lock_);
    for (std::size_t i = 0; i < count; ++i) lists_[has_begun(*fibers[i]) ? k_begun : k_spilled].push(fibers[i]);
    note_sizes();
  }

  // Take up to `most` into `out`; how many.
  std::size_t take_begun(fiber_block** out, std::size_t most) noexcept {
    const internal_guard guard(lock_);
    std::size_t taken = 0;
    while (taken < most && (out[taken] = lists_[k_begun].pop_oldest()) != nullptr) ++taken;
    note_sizes();
    return taken;
  }
  std::size_t take_fresh(fiber_block** out, std::size_t most, spilled which) noexcept {
    const internal_guard guard(lock_);
    std::size_t taken = 0;
    if (which == spilled::one_oldest && (*out = lists_[k_spilled].pop_oldest()) != nullptr) taken = 1;
    while (taken < most && (out[taken] = take_one_fresh(which)) != nullptr) ++taken;
    note_sizes();
    return taken;
  }

  // --- Any thread, hints.
  // What one of `takers` workers does well to take at once, `room` being what its ring has left. Of those that have
  // begun no more than three quarters of it: what is taken into a full ring pushes others out, and whatever comes later
  // passes them by; the rest is for timers and readiness. One at least: a ring that wake-ups keep full never has room.
  // Of the others an eighth of what room is left then, for they make more; two at least: one of each list.
  struct share {
    std::size_t begun;
    std::size_t fresh;
  };
  [[nodiscard]] share share_of(unsigned takers, std::size_t room) const noexcept {
    const auto fair = [takers](std::size_t waiting) { return std::min(k_largest_share, waiting / takers + 1); };
    const std::size_t old = std::min({fair(begun()), begun(), std::max<std::size_t>(room - room / 4, 1)});
    return {old, std::min(fair(fresh()), (room - std::min(old, room)) / 8 + 2)};
  }
  static constexpr std::size_t k_largest_share = 64;

  [[nodiscard]] std::size_t size() const noexcept { return begun() + fresh(); }
  // relaxed, both: hints.
  [[nodiscard]] std::size_t begun() const noexcept { return begun_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t fresh() const noexcept { return fresh_.load(std::memory_order_relaxed); }

 private:
  class list {
   public:
    void push(fiber_block* fiber) noexcept {
      fiber->link = nullptr;
      fiber->back_link = newest_;
      if (newest_ != nullptr)
        newest_->link = fiber;
      else
        oldest_ = fiber;
      newest_ = fiber;
      ++size_;
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    fiber_block* pop_oldest() noexcept {
      fiber_block* const fiber = oldest_;
      if (fiber == nullptr) return nullptr;
      --size_;
      oldest_ = fiber->link.get();
      if (oldest_ != nullptr)
        oldest_->back_link = nullptr;
      else
        newest_ = nullptr;
      return fiber;
    }
    fiber_block* pop_newest() noexcept {
      fiber_block* const fiber = newest_;
      if (fiber == nullptr) return nullptr;
      --size_;
      newest_ = fiber->back_link.get();
      if (newest_ != nullptr)
        newest_->link = nullptr;
      else
        oldest_ = nullptr;
      return fiber;
    }

   private:
    fiber_block* oldest_ = nullptr;
    fiber_block* newest_ = nullptr;
    std::size_t size_ = 0;
  };
  enum : std::size_t { k_begun, k_outside, k_spilled, k_lists };

  // relaxed: the caller's; it changes only while the fiber is in no queue.
  static bool has_begun(const fiber_block& fiber) noexcept {
    return fiber.life.load(std::memory_order_relaxed) == fiber_life::started;
  }
  // relaxed: exact under lock_; a sleeper's look is ordered by the fences of idle_set.
  void note_sizes() noexcept WEFT_REQUIRES(lock_) {
    begun_.store(lists_[k_begun].size(), std::memory_order_relaxed);
    fresh_.store(lists_[k_outside].size() + lists_[k_spilled].size(), std::memory_order_relaxed);
  }
  // In turns, while both have some.
  fiber_block* take_one_fresh(spilled which) noexcept WEFT_REQUIRES(lock_) {
    outside_is_next_ = !outside_is_next_;
    const bool may_spill = which == spilled::newest;
    if (may_spill && !outside_is_next_)
      if (fiber_block* const fiber = lists_[k_spilled].pop_newest()) return fiber;
    if (fiber_block* const fiber = lists_[k_outside].pop_oldest()) return fiber;
    return may_spill ? lists_[k_spilled].pop_newest() : nullptr;
  }

  internal_lock lock_;
  std::array<list, k_lists> lists_ WEFT_GUARDED_BY(lock_);
  bool outside_is_next_ WEFT_GUARDED_BY(lock_) = false;
  std::atomic<std::size_t> begun_{0};
  std::atomic<std::size_t> fresh_{0};
};

}  // namespace weft::detail
