// Room: runtime. What a worker has in store so that most spawns take no lock: blocks and numbers of fibers; and the
// last reference to a block, which puts it back there.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "fiber_block.hpp"
#include "this_worker.hpp"
#include "worker.hpp"

namespace weft::detail {

std::uint64_t take_fiber_ids(std::uint64_t count) noexcept {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(count, std::memory_order_relaxed);  // relaxed: numbers that differ
}

void release_fiber(fiber_block* fiber) noexcept {
  if (!fiber->references.give_up()) return;
  fiber->life.store(fiber_life::free, std::memory_order_relaxed);  // relaxed: a hint for dumps
  announce_release(static_cast<waiter*>(fiber));
  worker* const w = this_worker();
  w != nullptr ? w->give_back_block(fiber) : fiber_slab().give_back(fiber);
}

void return_permit(worker* w, stack_pool& stacks) noexcept {
  w != nullptr && w->stacks.serves(stacks) ? w->stacks.return_permit() : stacks.return_permits(1);
}

fiber_block* worker::take_block() {
  if (magazine_.get() == nullptr) {
    std::size_t taken = 0;
    magazine_ = fiber_slab().take_chain(k_magazine / 2, taken);
    magazine_size_ = static_cast<unsigned>(taken);
  }
  fiber_block* const block = magazine_;
  announce_acquire(static_cast<waiter*>(block));
  magazine_ = block->link.get();
  magazine_size_ = magazine_size_ - 1;
  return block;
}

void worker::give_back_block(fiber_block* block) noexcept {
  block->link = magazine_.get();
  announce_release(static_cast<waiter*>(block));
  magazine_ = block;
  magazine_size_ = magazine_size_ + 1;
  if (magazine_size_ >= k_magazine) flush_magazine();
}

void worker::flush_magazine() noexcept {
  fiber_block* const first = magazine_;
  if (first == nullptr) return;
  fiber_block* last = first;
  for (announce_acquire(static_cast<waiter*>(last)); last->link != nullptr;
       announce_acquire(static_cast<waiter*>(last)))
    last = last->link;
  magazine_ = nullptr;
  magazine_size_ = 0;
  fiber_slab().give_back_chain(first, last);
}

std::uint64_t worker::next_id() noexcept {
  constexpr std::uint64_t k_batch = 1024;
  if (next_id_ == last_id_) {
    next_id_ = take_fiber_ids(k_batch);
    last_id_ = next_id_ + k_batch;
  }
  const std::uint64_t id = next_id_;
  next_id_ = id + 1;
  return id;
}

}  // namespace weft::detail
