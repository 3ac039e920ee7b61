#pragma once
// Room: sync. How many are inside a place, for those who change something outside of it: whoever changes, and sees
// nobody inside, need not come in; whoever comes in sees what was changed before. It owns the two fences of "Waiting at
// an address" (address_wait.cpp):
//
//   comes in                 changes
//   A1 inside + 1            (the change)
//   A2 fence                 N1 fence
//   A3 look at the change    N2 inside is 0: done
// Model: tests/model/address_wait_model.cpp.

#include <atomic>
#include <cstdint>

namespace weft::detail {

template <class Env>
class visit_count {
 public:
  // A1 and A2.
  void enter() noexcept {
    inside_.fetch_add(1, std::memory_order_relaxed);  // relaxed: ordered by the fence
    Env::fence();                                     // A2: pairs with N1
  }
  // A6.
  void leave() noexcept { inside_.fetch_sub(1, std::memory_order_relaxed); }  // relaxed: nobody waits for it

  // N1 and N2.
  [[nodiscard]] bool has_nobody_after_a_change() noexcept {
    Env::fence();                                         // N1: pairs with A2
    return inside_.load(std::memory_order_relaxed) == 0;  // relaxed: ordered by the fence
  }

 private:
  typename Env::template atomic<std::uint32_t> inside_{0};
};

}  // namespace weft::detail
