#pragma once
// Room: runtime. A worker's run queue: a bounded ring of pointers that one worker fills and empties and all others
// steal half of. It owns the order of who gets which item; what an item is, where the overflow goes and whom to wake it
// leaves to others (worker.hpp, idle_set.hpp).
//
// Items leave at head_, oldest first, for the owner and for thieves alike, and enter at tail_. Both count without
// bound, in 32 bits that wrap, so tail_ - head_ is the size, and slot i lies at i modulo the capacity. "Taking", by
// anybody:
//   T1 read head_, then tail_             a thief: acquire, so the slots in between are filled
//   T2 copy the slots                     they may be overwritten meanwhile; then T3 fails
//   T3 move head_ by CAS                  release: T2 is over; who succeeds has the items
// "Filling", by the owner alone:
//   F1 read head_                         acquire, pairs with T3: nobody copies from the free slots any more
//   F2 write the free slots               nobody takes them before F3
//   F3 move tail_                         release, pairs with T1
// Rejected: a head packed with a second one for steals in progress (the copy then is exclusive): it makes the owner see
// a full ring while a pre-empted thief copies. An owner end that is LIFO, as Chase and Lev's: fairness wants oldest
// first, and the next slot gives the locality.
// Model: tests/model/steal_ring_model.cpp. Next: idle_set.hpp.

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace weft::detail {

template <class Env, class T, std::uint32_t Capacity = 256>
class steal_ring {
  static_assert(Capacity >= 2 && (Capacity & (Capacity - 1)) == 0, "indices wrap at 2^32, so a power of two");

 public:
  static constexpr std::uint32_t k_capacity = Capacity;

  steal_ring() noexcept = default;
  // Both indices begin at `start`: for tests of the wrap.
  explicit steal_ring(std::uint32_t start) noexcept : head_(start), tail_(start) {}
  steal_ring(const steal_ring&) = delete;
  steal_ring& operator=(const steal_ring&) = delete;

  // --- The owner.

  // False: full; take_half() makes room.
  [[nodiscard]] bool push(T* item) noexcept { return push_leaving(item, 0); }

  // False: no more than `spare` slots are free.
  [[nodiscard]] bool push_leaving(T* item, std::uint32_t spare) noexcept {
    const std::uint32_t tail = tail_.load(std::memory_order_relaxed);  // relaxed: only the owner writes it
    if (free_slots(tail) <= spare) return false;
    slot(tail).store(item, std::memory_order_relaxed);  // relaxed: published by publish_tail
    publish_tail(tail + 1);
    return true;
  }

  // The oldest, or null if there is none.
  [[nodiscard]] T* pop() noexcept {
    const std::uint32_t tail = tail_.load(std::memory_order_relaxed);  // relaxed: only the owner writes it
    // relaxed: an old head only makes the CAS fail, and cannot equal tail unless the ring is empty.
    std::uint32_t head = head_.load(std::memory_order_relaxed);
    while (head != tail) {
      T* item = slot(head).load(std::memory_order_relaxed);  // relaxed: the owner wrote it
      // release: who acquires this head_ in steal_into reads a tail_ that is not behind it.
      if (head_.compare_exchange_weak(head, head + 1, std::memory_order_release, std::memory_order_relaxed))
        return item;
    }
    return nullptr;
  }

  // What pop() would return after `others` more, or null: a hint, for a thief may have it by now.
  [[nodiscard]] T* ahead(std::uint32_t others) noexcept {
    const std::uint32_t at = head_.load(std::memory_order_relaxed) + others;  // relaxed: a hint
    // relaxed, both: only the owner writes them.
    const std::uint32_t left = tail_.load(std::memory_order_relaxed) - at;
    return static_cast<std::int32_t>(left) > 0 ? slot(at).load(std::memory_order_relaxed) : nullptr;
  }

  // Takes the older half out of the ring, oldest first; `out` has room for Capacity / 2. Returns how many. 0:
  // thieves came first, and the next push has room.
  [[nodiscard]] std::uint32_t take_half(T** out) noexcept {
    const std::uint32_t tail = tail_.load(std::memory_order_relaxed);  // relaxed: only the owner writes it
    std::uint32_t head = head_.load(std::memory_order_relaxed);        // relaxed: an old one makes the CAS fail
    const std::uint32_t count = (tail - head) / 2;
    if (count > Capacity / 2) return 0;  // so old a head that the CAS would fail
    for (std::uint32_t i = 0; i != count; ++i) out[i] = slot(head + i).load(std::memory_order_relaxed);  // as in pop
    // release: as in pop.
    if (!head_.compare_exchange_strong(head, head + count, std::memory_order_release, std::memory_order_relaxed))
      return 0;
    return count;
  }

  // --- Thieves.

  // Takes the older half, rounded up: returns the oldest to be run and moves the rest into `mine`, which the caller
  // owns and which is another ring, as far as it has room. Null only if this ring was empty at a moment during the
  // call.
  [[nodiscard]] T* steal_into(steal_ring& mine) noexcept {
    const std::uint32_t my_tail = mine.tail_.load(std::memory_order_relaxed);  // relaxed: the caller is mine's owner
    const std::uint32_t room = mine.free_slots(my_tail);
    for (;;) {
      // acquire: the tail_ read next is not behind this head_; pairs with the CAS of pop, take_half and steal_into.
      std::uint32_t head = head_.load(std::memory_order_acquire);
      // acquire: the slots below it are filled, and what their items point to; pairs with publish_tail.
      const std::uint32_t size = tail_.load(std::memory_order_acquire) - head;
      if (size == 0) return nullptr;
      if (size > Capacity) continue;  // head_ moved on between the two loads
      const std::uint32_t count = std::min(size - size / 2, room + 1);
      T* oldest = slot(head).load(std::memory_order_relaxed);  // relaxed: ordered by tail_; a stale one by the CAS
      mine.copy_from(*this, head + 1, my_tail, count - 1);
      // release: the copies are read before the owner, who acquires head_ in free_slots, fills the slots anew.
      if (!head_.compare_exchange_strong(head, head + count, std::memory_order_release, std::memory_order_relaxed))
        continue;
      if (count > 1) mine.publish_tail(my_tail + count - 1);
      return oldest;
    }
  }

  // Takes the oldest alone, or null as steal_into.
  [[nodiscard]] T* steal_one() noexcept {
    for (;;) {
      // acquire, both, and release: as in steal_into.
      std::uint32_t head = head_.load(std::memory_order_acquire);
      const std::uint32_t size = tail_.load(std::memory_order_acquire) - head;
      if (size == 0) return nullptr;
      if (size > Capacity) continue;                                 // head_ moved on between the two loads
      T* const oldest = slot(head).load(std::memory_order_relaxed);  // relaxed: as in steal_into
      if (head_.compare_exchange_strong(head, head + 1, std::memory_order_release, std::memory_order_relaxed))
        return oldest;
    }
  }

  // --- Anybody, a hint. After a fence it is exact about what was pushed before the other side's fence ("Sleeping" in
  // idle_set.hpp): an item that nobody has taken is not overlooked.

  [[nodiscard]] std::uint32_t size() const noexcept {
    const std::uint32_t head = head_.load(std::memory_order_relaxed);         // relaxed: a hint
    const std::uint32_t size = tail_.load(std::memory_order_relaxed) - head;  // relaxed: a hint
    if (static_cast<std::int32_t>(size) < 0) return 0;  // the head seen is newer than the tail seen
    return std::min(size, Capacity);
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

 private:
  using atomic_slot = typename Env::template atomic<T*>;

  atomic_slot& slot(std::uint32_t index) noexcept { return slots_[index % Capacity]; }

  // Owner. F1.
  std::uint32_t free_slots(std::uint32_t tail) noexcept {
    // acquire: thieves have read the slots that they took, so they may be filled; pairs with the CAS of steal_into.
    return Capacity - (tail - head_.load(std::memory_order_acquire));
  }

  // Owner. F2.
  void copy_from(steal_ring& victim, std::uint32_t from, std::uint32_t to, std::uint32_t count) noexcept {
    for (std::uint32_t i = 0; i != count; ++i)  // relaxed: both sides' slots are ordered by their head_ and tail_
      slot(to + i).store(victim.slot(from + i).load(std::memory_order_relaxed), std::memory_order_relaxed);
  }

  // Owner. F3.
  void publish_tail(std::uint32_t tail) noexcept {
    tail_.store(tail, std::memory_order_release);  // release: the slots, and what they point to; pairs with steal_into
  }

  // A cache line (64 bytes) each: thieves hammer head_, the owner writes tail_ on every push.
  alignas(64) typename Env::template atomic<std::uint32_t> head_{0};  // Any thread.
  alignas(64) typename Env::template atomic<std::uint32_t> tail_{0};  // Written by the owner.
  alignas(64) atomic_slot slots_[Capacity] = {};                      // Written by the owner.
};

}  // namespace weft::detail
