#pragma once
// Room: runtime. Where fibers go that no worker of their own takes: made ready by other threads, or overflown from a
// ring. Behind one lock, linked through the blocks; the size can be seen without it. Three lists, served in turns:
//
//   begun     have run before; FIFO. Behind a million that were spawned at once, one that was woken would wait for all
//   outside   spawned by other threads; FIFO
//   spilled   spawned by fibers, more than a ring holds; whoever is out of work takes the newest: of a tree of fibers
//             the deep ones are run before the broad ones, and lie in the cache still. A worker that looks around
//             between turns takes one of the oldest, so none waits for ever

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
    add(1);
  }

  // From a full ring, oldest first.
  void push_spilled(fiber_block* const* fibers, std::size_t count) noexcept {
    const internal_guard guard(lock_);
    for (std::size_t i = 0; i < count; ++i) lists_[has_begun(*fibers[i]) ? k_begun : k_spilled].push(fibers[i]);
    add(count);
  }

  // Takes up to `most` into `out`; how many.
  std::size_t take(fiber_block** out, std::size_t most, spilled which = spilled::newest) noexcept {
    const internal_guard guard(lock_);
    std::size_t taken = 0;
    if (which == spilled::one_oldest && (*out = lists_[k_spilled].pop_oldest()) != nullptr) taken = 1;
    const std::size_t lists = which == spilled::newest ? k_lists : k_spilled;
    for (std::size_t empty = 0; taken < most && empty < lists;) {
      turn_ = turn_ + 1 < lists ? turn_ + 1 : 0;
      const bool found = take_from(turn_, out + taken);
      taken += static_cast<std::size_t>(found);
      empty = found ? 0 : empty + 1;
    }
    add(0 - taken);
    return taken;
  }

  // Any thread, a hint.
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

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
    }
    fiber_block* pop_oldest() noexcept {
      fiber_block* const fiber = oldest_;
      if (fiber == nullptr) return nullptr;
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
  };
  enum : std::size_t { k_begun, k_outside, k_spilled, k_lists };

  // relaxed: the caller's; it changes only while the fiber is in no queue.
  static bool has_begun(const fiber_block& fiber) noexcept {
    return fiber.life.load(std::memory_order_relaxed) == fiber_life::started;
  }
  // relaxed: exact under lock_; a sleeper's look is ordered by the fences of idle_set.
  void add(std::size_t count) noexcept {
    size_.store(size_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  bool take_from(std::size_t i, fiber_block** out) noexcept WEFT_REQUIRES(lock_) {
    return (*out = i == k_spilled ? lists_[i].pop_newest() : lists_[i].pop_oldest()) != nullptr;
  }

  internal_lock lock_;
  std::array<list, k_lists> lists_ WEFT_GUARDED_BY(lock_);
  std::size_t turn_ WEFT_GUARDED_BY(lock_) = 0;
  std::atomic<std::size_t> size_{0};
};

}  // namespace weft::detail
