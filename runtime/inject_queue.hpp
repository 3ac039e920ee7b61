#pragma once
// Room: runtime. Where fibers go that no worker of their own takes: made ready by other threads, or overflown from a
// ring. Two FIFOs behind one lock, linked through the blocks; the size can be seen without it.
//
// Fibers that have begun, and those that have not, wait apart and leave in turns: behind a million that were spawned at
// once, one that was woken would wait for all of them.

#include <atomic>
#include <cstddef>
#include <utility>

#include <weft/runtime/detail/internal_lock.hpp>

#include "fiber_block.hpp"

namespace weft::detail {

class inject_queue {
 public:
  // Any thread.
  void push(fiber_block* fiber) noexcept { push(&fiber, 1); }

  // Oldest first.
  void push(fiber_block* const* fibers, std::size_t count) noexcept {
    const internal_guard guard(lock_);
    for (std::size_t i = 0; i < count; ++i) {
      // relaxed: the caller's; it changes only while the fiber is in no queue.
      const bool has_begun = fibers[i]->life.load(std::memory_order_relaxed) == fiber_life::started;
      (has_begun ? begun_ : fresh_).push(fibers[i]);
    }
    // relaxed: exact under lock_; a sleeper's look is ordered by the fences of idle_set.
    size_.store(size_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }

  // Takes up to `most` into `out`; how many.
  std::size_t take(fiber_block** out, std::size_t most) noexcept {
    const internal_guard guard(lock_);
    std::size_t taken = 0;
    for (; taken < most; ++taken) {
      if ((out[taken] = first_->pop()) == nullptr && (out[taken] = second_->pop()) == nullptr) break;
      std::swap(first_, second_);
    }
    size_.store(size_.load(std::memory_order_relaxed) - taken, std::memory_order_relaxed);  // relaxed: as in push
    return taken;
  }

  // Any thread, a hint.
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

 private:
  class fifo {
   public:
    void push(fiber_block* fiber) noexcept {
      fiber->link = nullptr;
      if (tail_ != nullptr)
        tail_->link = fiber;
      else
        head_ = fiber;
      tail_ = fiber;
    }
    fiber_block* pop() noexcept {
      fiber_block* const fiber = head_;
      if (fiber == nullptr) return nullptr;
      head_ = fiber->link;
      if (head_ == nullptr) tail_ = nullptr;
      return fiber;
    }

   private:
    fiber_block* head_ = nullptr;
    fiber_block* tail_ = nullptr;
  };

  internal_lock lock_;
  fifo begun_ WEFT_GUARDED_BY(lock_);
  fifo fresh_ WEFT_GUARDED_BY(lock_);
  fifo* first_ WEFT_GUARDED_BY(lock_) = &begun_;  // whose turn it is
  fifo* second_ WEFT_GUARDED_BY(lock_) = &fresh_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace weft::detail
