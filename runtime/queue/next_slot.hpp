#pragma once
// Room: runtime. A worker's next slot: the fiber that runs next there, because the one that runs now has just woken it.
// It owns who gets that fiber when its worker turns out to be busy for long; how often the slot may go before the ring
// is worker.hpp's.
//
// The monitor may take what lies in it, and may close it: the worker is counted out ("Filling in", seating.hpp), and
// what its fiber makes ready from then on is for others. The owner learns it from the slot itself, at the price of
// comparing what an exchange returned anyhow.
//
// "Counting out", the slot and the ring beside it:
//   monitor                                           owner, whose fiber runs on
//   N1 close: exchange(closed); what was there goes   P1 put: exchange(fiber)
//      to inject                                         it was closed: exchange(closed), the fiber to inject
//   N2 fence                                             it was another: that one to the end of the ring
//   N3 steal the ring empty                           P2 fence (before the look for sleepers, "Waking" W2)
//                                                     P3 the slot is closed? the ring to inject
// N2 and P2 are the two halves: either N3 finds what P1 pushed or P3 sees the slot closed. A fiber that yields goes
// into the ring without P2, for no yield shall pay for a fence: the monitor does N3 again a tick later.
// Model: tests/model/next_slot_model.cpp. Next: seating.hpp.

#include <atomic>
#include <cstdint>

namespace weft::detail {

template <class Env, class T>
class next_slot {
 public:
  next_slot() noexcept = default;
  next_slot(const next_slot&) = delete;
  next_slot& operator=(const next_slot&) = delete;

  // --- The owner.

  // Returns what has to go elsewhere: null, the item that was there before, or `item` itself if the slot is closed.
  [[nodiscard]] T* put(T* item) noexcept {
    // acq_rel: publishes the item to whoever takes it (pairs with take and close), acquires the displaced one.
    T* const before = slot_.exchange(item, std::memory_order_acq_rel);
    if (before != closed()) [[likely]]
      return before;
    return slot_.exchange(closed(), std::memory_order_acq_rel);  // as above
  }

  // Only while it is closed.
  void open() noexcept { slot_.store(nullptr, std::memory_order_relaxed); }  // relaxed: it publishes nothing

  // --- The owner, and the monitor while it is not closed.
  [[nodiscard]] T* take() noexcept {
    // acquire: the item as it was put; pairs with put.
    T* const taken = slot_.exchange(nullptr, std::memory_order_acquire);
    if (taken != closed()) [[likely]]
      return taken;
    slot_.store(closed(), std::memory_order_relaxed);  // relaxed: as in open; nobody but the owner is here now
    return nullptr;
  }

  // --- Any thread, as a thief ("Looking at the ready", ready_look.hpp).

  // Null: there is nothing, or it is closed, or somebody was first. A closed slot stays closed at every moment, which
  // take() cannot say; what put() has laid for a moment into a closed one may go, and put() then finds nothing of it.
  [[nodiscard]] T* steal() noexcept {
    T* seen = slot_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
    if (seen == nullptr || seen == closed()) return nullptr;
    // acquire: the item as it was put; pairs with put. relaxed: nothing was taken.
    const bool taken =
        slot_.compare_exchange_strong(seen, nullptr, std::memory_order_acquire, std::memory_order_relaxed);
    return taken ? seen : nullptr;
  }

  // --- The monitor.

  // N1, N2. Returns what was there.
  [[nodiscard]] T* close() noexcept {
    T* const taken = slot_.exchange(closed(), std::memory_order_acq_rel);  // acq_rel: as in put
    Env::fence();  // closed before the look into the ring: pairs with the owner's fence, P2
    return taken;
  }

  // --- Any thread, hints; the owner's look is exact after P2.

  // Something is there: an item, or that it is closed.
  [[nodiscard]] bool is_set() const noexcept {
    return slot_.load(std::memory_order_relaxed) != nullptr;  // relaxed: a hint
  }
  [[nodiscard]] bool is_closed() const noexcept {
    return slot_.load(std::memory_order_relaxed) == closed();  // relaxed: after the fence
  }

 private:
  // No item's address.
  static T* closed() noexcept { return reinterpret_cast<T*>(std::uintptr_t{1}); }

  typename Env::template atomic<T*> slot_{nullptr};
};

}  // namespace weft::detail
