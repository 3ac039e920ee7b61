// Room: sync. The slow paths of weft::shared_mutex. It owns the door between those who read and those who write; the
// fast paths stand in the header, the word's steps in detail/shared_word.hpp, the order of writers in mutex.cpp.
//
// "Sharing". One word: how many read, closed, waiting. One queue with an internal lock ("lock" below): the readers in
// front of the door, and the writer that waits for those inside.
//   reader                                           writer
//   R1 door open: readers + 1, in           (inline) W1 lock the writers' mutex (it may wait there)
//   R2 lock; still closed: set waiting, enqueue;     W2 word 0: closed, in                      (inline)
//      unlock; park. handed: in. Open: to R1         W3 lock; set closed; nobody reads: unlock, in
//   R3 its time ran out: lock; dequeue, the last     W4 leave a token; unlock; park. ready: in
//      takes waiting off; unlock; R1 once more       W5 its time ran out: lock; nobody reads: unlock, in.
//   S1 readers - 1, unless it is the last and the       Otherwise X2, without the mutex
//      door is closed                       (inline) X1 nobody waits: word closed -> 0          (inline)
//   S2 lock; still closed: readers - 1; was it       X2 lock; claim the readers "handed"; closed and waiting off,
//      the last: claim the token; unlock; unpark        readers + those claimed (one step); unlock; unpark them
//      Open: unlock, to S1                           X3 unlock the writers' mutex
// - With the door closed, readers becomes 0 under the lock alone (S2), and W3 and W5 look at it there: a writer that
//   was left waiting is always woken, or looks.
// - waiting goes up under the lock alone and in one step with the look at closed (R2), X1 fails once it is up, and X2
//   takes everybody: so no reader is left in front of an open door.
// - The last access of a reader is S1's step, with the door open: a writer may be in by W2 from there; or S2's unlock
//   and the node of the writer, which is in after the unpark or after it had the lock itself (W3, W5). The last of a
//   writer is X3: other writers need that mutex, and readers have no right to destroy. S2 that finds the door open lets
//   go of the lock before it leaves (S1), or a writer could be in by W2 beside it.
// - Deadlines are claimants (park.hpp): a reader that was handed the mutex has it, one that ran out of time is not
//   counted in X2.
// - A wait that a simulation ends, because all are asleep for ever, leaves as in R3 or W5; what it then has after all
//   it lets go of.

#include <weft/sync/shared_mutex.hpp>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/check.hpp>
#include <weft/runtime/park.hpp>

namespace weft {

namespace {
bool is_over(deadline until) noexcept { return !until.is_never() && detail::now() >= until; }
}  // namespace

// W3 to W5. The caller holds the writers' mutex, and keeps it if this is true.
bool shared_mutex::close_until(deadline until) {
  detail::switch_point();
  if (is_over(until) || !await_empty(until)) {
    writers_.unlock();
    return false;
  }
  return true;
}

bool shared_mutex::await_empty(deadline until) {
  detail::wait_token token;
  {
    detail::internal_guard held(lock_);
    if (word_.close()) return true;
    token = closer_ = detail::arm(detail::cancellation::unless_stuck);
  }
  const detail::wake_reason reason = detail::park(token, until, k_label);
  if (reason == detail::wake_reason::ready) return true;
  const bool is_in = is_empty_or_opened();
  if (reason == detail::wake_reason::cancelled) [[unlikely]]
    give_up_writing(is_in);
  return is_in;
}

// W5.
bool shared_mutex::is_empty_or_opened() noexcept {
  detail::won_chain let_in;
  detail::internal_guard held(lock_);
  if (word_.is_empty()) return true;
  word_.open(claim_readers(let_in));
  return false;
}

void shared_mutex::give_up_writing(bool is_in) {
  if (is_in)
    unlock();
  else
    writers_.unlock();
  detail::throw_cancelled();
}

// X2.
void shared_mutex::open_to_waiting() noexcept {
  WEFT_CHECK(word_.is_closed(), "weft::shared_mutex: unlocked while nobody holds it to write");
  detail::won_chain let_in;
  detail::internal_guard held(lock_);
  word_.open(claim_readers(let_in));
}  // unlocks, then unparks: the guard ends before the chain

std::uint32_t shared_mutex::claim_readers(detail::won_chain& won) noexcept {
  std::uint32_t count = 0;
  detail::claimed each;
  for (; detail::wait_node* const node = readers_.claim_front(detail::wake_reason::handed, each); ++count)
    won.add(*node, each);
  return count;
}

// R1 to R3.
bool shared_mutex::enter_until(deadline until) {
  detail::switch_point();
  if (is_over(until)) return false;
  do {
    detail::wait_node node;
    {
      detail::internal_guard held(lock_);
      if (!word_.note_waiting()) continue;
      node.token = detail::arm(detail::cancellation::unless_stuck);
      readers_.push_back(node);
    }
    const detail::wake_reason reason = detail::park(node.token, until, k_label);
    if (reason == detail::wake_reason::handed) return true;
    const bool is_in = leave_door(node);
    if (reason == detail::wake_reason::cancelled) [[unlikely]]
      give_up_reading(is_in);
    return is_in;
  } while (!word_.try_enter());
  return true;
}

// R3. True: the door was open at the last moment, and the caller is in.
bool shared_mutex::leave_door(detail::wait_node& node) noexcept {
  {
    detail::internal_guard held(lock_);
    if (readers_.remove(node) && readers_.empty()) word_.note_none_waiting();
  }
  return word_.try_enter();
}

void shared_mutex::give_up_reading(bool is_in) {
  if (is_in) leave();
  detail::throw_cancelled();
}

// While it is held, and once it is not, others may run.
void shared_mutex::unlock_shared_simulated() noexcept {
  detail::scheduling_point();
  leave();
  detail::scheduling_point();
}

// S1 again, and S2.
void shared_mutex::leave_slow() noexcept {
  for (;;) {
    const word::left left = word_.try_leave();
    WEFT_CHECK(left != word::left::nobody, "weft::shared_mutex: unlock_shared() while nobody reads");
    if (left == word::left::done) return;
    detail::claimed writer;
    {
      detail::internal_guard held(lock_);
      const word::left last = word_.try_leave_last();
      if (last == word::left::retry) continue;
      if (last == word::left::last) writer = detail::claim(closer_, detail::wake_reason::ready);
    }
    if (writer) detail::unpark(writer);
    return;
  }
}

}  // namespace weft
