#pragma once
// Room: netpoll. Children that nobody waits for are reaped here, by a thread that is there while there are any: they
// outlive fibers and runtimes.
//
// "Reaping". One list, one lock; `runs` says whether the thread will look at the list once more.
//   giver                                            thread
//   G1 lock; join the list                           R1 lock; the list is empty: runs = false, unlock, end
//   G2 runs: raise the event, unlock                 R2 copy it, unlock, wait for one of the list, or the event
//   G3 else: start the thread, runs = true, unlock;  R3 reap who has ended, lock, take them off the list, unlock;
//      if there is none to be had: off the list, fail   R1 again
// A child that joins between R1 and R2 raises the event, which R2 finds: the event is a level. One that joins after the
// last R1 finds that nobody runs.
//
// "Reaping after a fork". The list's children are the parent's, and so is the thread; the event is one for both.
//   F1 before it: lock, so that no other thread is in the middle of a step
//   F2 after it, in the parent: unlock
//   F3 after it, in the child: empty the list, close the watches and the event (runs = false), unlock. So the next
//      giver comes to G3
// Next: child.cpp.

#include <system_error>

#include <sys/types.h>

namespace weft::net {

// Any thread. `watch` stays the caller's. If there is an error the child does, too.
[[nodiscard]] std::error_code reap_in_background(pid_t pid, int watch);

}  // namespace weft::net
