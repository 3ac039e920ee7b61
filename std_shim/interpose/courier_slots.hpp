#pragma once
// std_shim, interpose: where those who post in signal handlers leave addresses for the courier ("Posting from
// anywhere", courier.hpp). It owns P3, Q2 and Q3, without a lock and without memory, and is run as it stands by
// tests/model/courier_model.cpp.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weft::interpose {

template <class Env, std::size_t Size>
class courier_slots {
 public:
  // P3. Any thread, signal handlers included. P4 comes after it.
  void leave(std::uintptr_t address) noexcept {
    for (slot& each : slots_) {
      std::uintptr_t empty = 0;
      // release: what was changed before; pairs with the acquire of take.
      if (each.compare_exchange_strong(empty, address, std::memory_order_release, std::memory_order_relaxed)) return;
    }
    too_many_.store(true, std::memory_order_release);  // release: as above
  }

  // Q2 and Q3: the courier alone, after Q1.
  template <class WakeOne, class WakeAll>
  void take_all(WakeOne wake_one, WakeAll wake_all) noexcept {
    for (slot& each : slots_)
      if (const std::uintptr_t address = take(each)) wake_one(address);
    // acquire: pairs with the release of leave.
    if (too_many_.exchange(false, std::memory_order_acquire)) wake_all();
  }

 private:
  using slot = typename Env::template atomic<std::uintptr_t>;

  static std::uintptr_t take(slot& from) noexcept {
    if (from.load(std::memory_order_relaxed) == 0) return 0;  // relaxed: filled later, it is found at the next bell
    return from.exchange(0, std::memory_order_acquire);       // acquire: pairs with the release of leave
  }

  std::array<slot, Size> slots_{};
  typename Env::template atomic<bool> too_many_{false};
};

}  // namespace weft::interpose
