#pragma once
// Room: netpoll. Who waits for descriptors by number. Any number of fibers wait for one descriptor, in both directions,
// each for some of the events, and a fiber for many descriptors; and the number may be closed, and given to something
// else, by code that tells nobody. So this is not direction_use.hpp, whose descriptors are ours; below it, the
// readiness words of a descriptor block (readiness_word.hpp) bring the events, as they do for ours.
//
// "Waiting by number". A record stands for one number in one poller; the lock is the slot's, that of the number.
//   who waits                                             whoever else has the lock
//   N1 tries its call: it would block                     M1 settle: fold each word that is ready into a count
//   N2 lock; settle; queue, with the counts as seen       M2 claim every place that has seen another count, take it off
//   N3 have the poller look at the descriptor again,      M3 if nobody stands in a word (begin_wait, U4) put the first
//      for what all places want together (EPOLL_CTL_MOD)     place there that wants it; is it ready: M1 again
//   N4 settle: M3 puts this one into a word that is free  M4 unlock, unpark who was claimed
//   N5 unlock, park
//   N6 lock; take the place off; settle; unlock
// - N3 makes the kernel tell what is ready already, so nothing is lost between N1 and N2, and none has to try twice.
// - N3 fails if the number has become another's: then the record is left to those who stand in it, who are sent to look
//   again, and a new one is made. So a stale registration is found by the first who would have trusted it.
// - An event claims only who stands in the word (T4). That one comes to N6 in any case, and sends the others (M2).
// - Who is claimed by something else meanwhile comes to N6 as well, and settles what it would have passed on (M3).
// N2 and M1 to M3 are foreign_settling.hpp's. Model: tests/model/foreign_waits_model.cpp.
// Locks: a slot's first, then the table's of the blocks. The poller takes none of them.

#include <atomic>
#include <cstdint>

#include <weft/netpoll/detail/foreign_wait.hpp>
#include <weft/runtime/detail/internal_lock.hpp>

#include "descriptor_block.hpp"

namespace weft::net::detail {

// All under the lock of the slot.
struct foreign_record {
  [[nodiscard]] readiness& word(direction d) noexcept { return block->readiness_of(d); }

  descriptor_block* block = nullptr;
  const void* home = nullptr;  // the poller, as a name
  int epoll = -1;              // of the poller
  int watched = -1;            // the number that the poller knows: ours, or a copy, if it knows ours as netpoll's
  bool is_copy = false;
  bool is_gone = false;     // no new place comes; the last that leaves frees it
  std::uint32_t users = 0;  // places that have it
  std::uint32_t events[2] = {0, 0};
  foreign_place* standing[2] = {nullptr, nullptr};  // in the word of that direction
  foreign_place* head = nullptr;
  foreign_place* tail = nullptr;
  foreign_record* next = nullptr;
};

struct foreign_slot {
  weft::detail::internal_lock lock;
  std::atomic<foreign_record*> records{nullptr};  // written under the lock; read without it by who looks for none
};

// Null: the number is beyond what the table holds, or (if `make`) there is no memory.
[[nodiscard]] foreign_slot* slot_of_number(int fd, bool make) noexcept;

// Who was claimed under a lock, to be unparked after it.
class foreign_woken {
 public:
  foreign_woken() = default;
  foreign_woken(const foreign_woken&) = delete;
  foreign_woken& operator=(const foreign_woken&) = delete;
  ~foreign_woken();
  // The place is off its record's queue. Nothing if it was claimed by others.
  void claim(foreign_place& place, weft::detail::wake_reason reason) noexcept;

 private:
  foreign_place* head_ = nullptr;
};

// --- Under the lock of the slot.

void queue_place(foreign_record& record, foreign_place& place) noexcept;
void take_off(foreign_record& record, foreign_place& place) noexcept;
// M1 to M3.
void settle(foreign_record& record, foreign_woken& woken) noexcept;
// Off the slot; everybody in it is claimed. Freed if nobody has it.
void leave_to_its_places(foreign_slot& slot, foreign_record& record, weft::detail::wake_reason reason,
                         foreign_woken& woken) noexcept;
void free_if_unused(foreign_record& record) noexcept;
// No new events: takes it out of the poller, which may know a copy, or forget nothing by a close.
void unwatch_record(foreign_record& record) noexcept;

// --- Any thread.

// A poller ends: its records go. It has no waiters any more.
void forget_foreign_of(const void* home) noexcept;

}  // namespace weft::net::detail
