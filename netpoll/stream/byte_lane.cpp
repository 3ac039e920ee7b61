// Room: netpoll. See byte_lane.hpp. The calls at either end are in lane_use.cpp.
//
// "Lending". Counts and waits are changed under the lane's lock, bytes are copied without it: the filled part of the
// ring is lent to the one call that has the reader's turn, the free part to the one that has the writer's.
//   call at one end                                          whoever it may concern, at the other end
//   T1 enter: one user more; nobody has the turn: it is      W1 parked in B2: claimed (ready) by B3 of a reader once
//      mine. Otherwise queue, unlock, park                      there is the room it wants, of a writer at any byte
//   B1 look: this end is closed, or nothing will ever be     W2 claimed (ready) by E1 of the other end, and by
//      moved: done. Something can be moved: it is lent          end_writing, to look again
//      to this call, unlock, copy, and B3
//   B2 otherwise enqueue, unlock, park; woken: B1
//   B3 the counts change; claim who waits at the other end
//   T2 leave: B3; claim the first of the queue that can be won, who has the turn from here; nobody: it is free. One
//      user less; unlock, unpark
// - What is lent grows by the other end's B3 alone, and shrinks by the call's own: a call may copy as long as it likes.
//   The parts move to the start of the ring only when it is empty and nothing is lent to a writer.
// - A reader does not see the end while something is lent to a writer, whose B3 then wakes it: what a write has copied
//   that a close overtook is read, and never comes after the end. Once there is an end nothing is lent any more.
// - A reader waits only while the ring is empty. So however much room a writer wants, both never wait at once: an
//   empty ring is all room.
// - Every change that may end a wait is in the lane before its claim, and a waiter looks under the lock before it
//   enqueues: who loses a claim, or finds nobody, has nothing to repeat.
// - A deadline that is moved claims (again) who waits in B2, who then parks until the new one. Who waits in T1 is not
//   told: the holder's wait ends by the same deadline, and then theirs, one by one. One that has timed out by an old
//   deadline keeps its place in the queue.
// "Ending".
//   E1 close: the end is closed, by one caller only; claim (closed) all at this end, (ready) who waits at the other.
//      Calls that enter from here on are refused; those who come to B1 see it
//   E2 abandon: the handle is gone, one user less
//   E3 the last user, handle or call, unlocks and deletes the lane: the unlock is the last that all others did to it
// Rejected: *copying from a writer's buffer into a waiting reader's* (half the copies of a ping-pong, but the writer
// then touches the reader's buffer while a deadline, a cancellation or a close wants it back); *waking a writer at each
// byte of room* (it would run, and park, for every byte of a reader of single bytes); *showing the end at once* (a
// write that was told of success would lose its bytes, or they would come after the end).

#include "byte_lane.hpp"
#include "closed.hpp"

#include <initializer_list>

#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/runtime/park.hpp>

namespace weft::net::detail {

using weft::detail::internal_guard;
using weft::detail::scheduling_points;
using weft::detail::wake_reason;
using weft::detail::won_chain;

namespace {

constexpr direction opposite(direction end) noexcept {
  return end == direction::read ? direction::write : direction::read;
}

}  // namespace

byte_lane::byte_lane(std::size_t capacity)
    : capacity_(capacity), ring_(std::make_unique_for_overwrite<std::byte[]>(capacity)) {}

// E1. The guard ends before the chain: unlock, then unpark.
bool byte_lane::close(direction end) noexcept {
  const scheduling_points around;
  won_chain woken;
  const internal_guard guard(lock_);
  lane_end& mine = at(end);
  if (mine.is_closed) return false;
  mine.is_closed = true;
  woken.take_all(mine.waiting, wake_reason::closed);
  woken.take_all(mine.turns, wake_reason::closed);
  woken.take_all(at(opposite(end)).waiting, wake_reason::ready);
  return true;
}

// E2, E3.
void byte_lane::abandon() noexcept {
  bool is_last = false;
  {
    const internal_guard guard(lock_);
    is_last = leave();
  }
  if (is_last) delete this;
}

std::error_code byte_lane::end_writing() noexcept {
  const scheduling_points around;
  won_chain woken;
  const internal_guard guard(lock_);
  if (at(direction::write).is_closed) return closed_before();
  is_complete_ = true;
  for (const direction end : {direction::read, direction::write}) woken.take_all(at(end).waiting, wake_reason::ready);
  return {};
}

std::error_code byte_lane::set_deadline(direction end, deadline until) noexcept {
  const scheduling_points around;
  won_chain woken;
  const internal_guard guard(lock_);
  if (at(end).is_closed) return closed_before();
  at(end).until = until;
  woken.take_all(at(end).waiting, wake_reason::again);
  return {};
}

bool byte_lane::is_open(direction end) noexcept {
  const internal_guard guard(lock_);
  return !at(end).is_closed;
}

bool byte_lane::has_ended(direction end) noexcept {
  if (end == direction::write) return is_complete_ || at(direction::read).is_closed;
  const lane_end& writer = at(direction::write);
  return filled_ == 0 && (is_complete_ || writer.is_closed) && !writer.is_lent;
}

byte_lane::part byte_lane::lend(direction end) noexcept {
  part lent{first_, filled_};
  if (end == direction::write) {
    const std::size_t until_end = capacity_ - first_;
    lent = {filled_ < until_end ? first_ + filled_ : filled_ - until_end, capacity_ - filled_};
  }
  at(end).is_lent = lent.size != 0;
  return lent;
}

// B3. Nothing is lent any more.
void byte_lane::take_back(direction end, std::size_t moved, won_chain& woken) noexcept {
  at(end).is_lent = false;
  if (end == direction::write) {
    filled_ += moved;
    if (filled_ != 0 || has_ended(direction::read)) woken.take_all(at(direction::read).waiting, wake_reason::ready);
    return;
  }
  const std::size_t until_end = capacity_ - first_;
  first_ = moved < until_end ? first_ + moved : moved - until_end;
  filled_ -= moved;
  // Few bytes at a time stay on few pages.
  if (filled_ == 0 && !at(direction::write).is_lent) first_ = 0;
  if (capacity_ - filled_ >= room_wanted_) woken.take_all(at(direction::write).waiting, wake_reason::ready);
}

// T2.
void byte_lane::hand_over(direction end, won_chain& woken) noexcept {
  weft::detail::claimed won;
  if (auto* const next = at(end).turns.claim_front(wake_reason::handed, won))
    woken.add(*next, won);
  else
    at(end).is_held = false;
}

bool byte_lane::leave() noexcept { return --users_ == 0; }

}  // namespace weft::net::detail
