#pragma once
// Room: runtime. Type-stable memory for control blocks, for the whole process: a block that was a T once is a T for
// ever, so a late waker that holds a token reads a generation and not garbage. Blocks are default-constructed once and
// reused; for_each walks all of them, which is how a dump finds every fiber without a global list.
// T has a member `T* link`, the slab's while the block is free.

#include <array>
#include <atomic>
#include <cstddef>

#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/meant_race.hpp>

namespace weft::detail {

template <class T, std::size_t BlocksPerSlab = 64>
class slab {
 public:
  // Throws std::bad_alloc.
  [[nodiscard]] T* take() {
    const internal_guard guard(lock_);
    if (free_ == nullptr) grow();
    T* const block = free_;
    free_ = block->link;
    return block;
  }

  // Takes up to `most` blocks, linked, for a worker's magazine; at least one.
  [[nodiscard]] T* take_chain(std::size_t most, std::size_t& taken) {
    const internal_guard guard(lock_);
    if (free_ == nullptr) grow();
    T* const first = free_;
    T* last = first;
    for (taken = 1; taken < most && last->link != nullptr; ++taken) last = last->link;
    free_ = last->link;
    last->link = nullptr;
    return first;
  }

  void give_back_chain(T* first, T* last) noexcept {
    const internal_guard guard(lock_);
    last->link = free_;
    free_ = first;
  }
  void give_back(T* block) noexcept { give_back_chain(block, block); }

  // Without the lock: slabs are only ever added, in front, and never go.
  template <class F>
  void for_each(F f) {
    // acquire: the blocks as they were made; pairs with grow().
    for (piece* p = newest_.load(std::memory_order_acquire); p != nullptr; p = p->older)
      for (T& each : p->blocks) f(each);
  }

 private:
  struct piece {
    std::array<T, BlocksPerSlab> blocks;
    piece* older = nullptr;
  };

  void grow() WEFT_REQUIRES(lock_) {
    piece* const fresh = make_piece();
    fresh->older = newest_.load(std::memory_order_relaxed);  // relaxed: written under lock_ alone
    // seq_cst: release for for_each; and what a block's user does later comes after it for whoever sets a flag, fences
    // and walks (scheduler::stop): the walk meets the block, or its user the flag.
    newest_.store(fresh, std::memory_order_seq_cst);
    for (std::size_t i = BlocksPerSlab; i-- > 0;) {
      fresh->blocks[i].link = free_;
      free_ = &fresh->blocks[i];
    }
  }

  // A block's atomics are looked at by whoever meets it first, through no lock of ours: to the race detector they have
  // been there for ever.
  static piece* make_piece() {
    const meant_race with_those_who_meet_them;
    return new piece;
  }

  internal_lock lock_;
  T* free_ WEFT_GUARDED_BY(lock_) = nullptr;
  std::atomic<piece*> newest_{nullptr};  // written under lock_
};

}  // namespace weft::detail
