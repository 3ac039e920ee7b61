#pragma once
// Room: runtime. A look at the fibers that are ready, for dumps, without an instruction on any path of theirs: whoever
// looks comes as a thief, may look at what it has stolen before anybody runs it, and gives it back.
//
// "Looking at the ready"
//   who looks, on any thread                          everybody else
//   L1 take one as a thief does: the oldest of        lose it to a thief, as ever: an owner's take fails, a ring or
//      inject that has begun, the oldest of a ring,      inject has one less, an inbox nothing that has arrived
//      what lies in a next slot; or all that has
//      arrived at an inbox
//   L2 its stack is walked: it is in no queue, and    a sleeper's second look misses it (S6 of "Sleeping", Q3 of
//      its registers were saved before it came            "Sending home")
//      into one
//   L3 put it back as one that was just made ready    what it missed is put into inject or the inbox with the fence
//      from outside                                      and the wake-up that it relies on
// In hand it is as one that was claimed and is not made ready yet: in no queue, not parked, and kept alive, with its
// runtime, by being about to run. So whoever counts (the end, "Asleep for ever") waits for it.
// Nobody is lost: what was taken is put back when the look ends, also by an exception. Nobody runs twice: a thief has
// what it takes alone. Nobody starves: one is in hand at a time (but for what had arrived at one inbox, which is taken
// as a whole), no lock is held meanwhile, each queue is looked at as often as it had fibers when its turn came, and
// they go behind those who wait in inject, in their order. And looks have a distance (may_look_at_ready): a fiber that
// dumps without a pause would take the others out of the ring again each time before its worker comes to them.
// Not seen: who has not begun, and has no stack; who waits for one; what the owner of an inbox has accepted, or anybody
// has in hand on the way from one queue to another.
// A simulation is not looked at: its order is its seed's. Nor is a parent's runtime in a child of fork.
// Models: steal_ring_model.cpp, next_slot_model.cpp and inbox_model.cpp in tests/model.
// Rejected: a walk under the lock of inject (whoever wakes a fiber would wait for it); a state in the waiting word for
// who is ready (an instruction in each switch); the next slot taken as the monitor takes it (that opens a closed one
// for a moment, which only the monitor itself may). Next: scheduler.hpp.

#include <functional>

namespace weft::detail {

class scheduler;
struct fiber_block;

// False within 5 ms of the last time that it said true: a dump then tells who is ready without the traces.
[[nodiscard]] bool may_look_at_ready() noexcept;

// Of `home`, which does not end meanwhile (for_each_runtime). A fiber may come twice, if it ran in between.
void look_at_ready(scheduler& home, const std::function<void(fiber_block&)>& look);

}  // namespace weft::detail
