#pragma once
// std_shim, interpose: how many are inside a place of the lot (lot.hpp), for those who give something back: who sees
// nobody inside need not come in. It owns the two fences of "Waiting for libc's word", and is run as it stands by
// tests/model/lot_model.cpp.

#include <atomic>
#include <cstdint>

namespace weft::interpose {

// Env::fence is StoreLoad; Env::fence_after_release is that, too, after libc's own unlock.
template <class Env>
class lot_count {
 public:
  // A1 and A2.
  void enter() noexcept {
    inside_.fetch_add(1, std::memory_order_relaxed);  // relaxed: ordered by the fence
    Env::fence();                                     // A2: pairs with N1
  }
  // A7.
  void leave() noexcept { inside_.fetch_sub(1, std::memory_order_relaxed); }  // relaxed: nobody waits for it

  // N1 and N2.
  [[nodiscard]] bool has_nobody_after_release() noexcept {
    Env::fence_after_release();  // N1: pairs with A2
    return has_nobody();
  }

  // S1 of "Waiting for a condition": for who has had a lock since each of those came in whom it must see.
  [[nodiscard]] bool has_nobody() const noexcept {
    return inside_.load(std::memory_order_relaxed) == 0;  // relaxed: ordered by the fence, or the lock
  }

 private:
  typename Env::template atomic<std::uint32_t> inside_{0};
};

}  // namespace weft::interpose
