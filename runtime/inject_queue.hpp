#pragma once
// Room: runtime. Where fibers go that no worker of their own takes: made ready by other threads, or overflown from a
// ring. FIFO, linked through the blocks, behind a lock; the size can be seen without it.

#include <atomic>
#include <cstddef>

#include <weft/runtime/detail/internal_lock.hpp>

#include "fiber_block.hpp"

namespace weft::detail {

class inject_queue {
 public:
  // Any thread.
  void push(fiber_block* fiber) noexcept { push_chain(fiber, fiber, 1); }

  // A chain linked from `first` to `last`, oldest first.
  void push_chain(fiber_block* first, fiber_block* last, std::size_t count) noexcept {
    const internal_guard guard(lock_);
    last->link = nullptr;
    if (tail_ != nullptr)
      tail_->link = first;
    else
      head_ = first;
    tail_ = last;
    // relaxed: exact under lock_; a sleeper's look is ordered by the fences of idle_set.
    size_.store(size_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }

  // Takes up to `most` into `out`; how many.
  std::size_t take(fiber_block** out, std::size_t most) noexcept {
    const internal_guard guard(lock_);
    std::size_t taken = 0;
    for (; taken < most && head_ != nullptr; ++taken) {
      out[taken] = head_;
      head_ = head_->link;
    }
    if (head_ == nullptr) tail_ = nullptr;
    size_.store(size_.load(std::memory_order_relaxed) - taken, std::memory_order_relaxed);  // relaxed: as in push_chain
    return taken;
  }

  // Any thread, a hint.
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

 private:
  internal_lock lock_;
  fiber_block* head_ WEFT_GUARDED_BY(lock_) = nullptr;
  fiber_block* tail_ WEFT_GUARDED_BY(lock_) = nullptr;
  std::atomic<std::size_t> size_{0};
};

}  // namespace weft::detail
