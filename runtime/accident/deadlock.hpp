#pragma once
// Room: runtime. Who finds out that no fiber of the process can ever run again: a monitor, before it goes to sleep
// because all its workers sleep. It owns the proof; what is then said and done, too.
//
// "Asleep for ever". With no runtime beginning or ending meanwhile (the registry's lock):
//   D1 look through all waits: every live fiber is parked, unclaimed, without a deadline, not about to be cancelled;
//      count the plain threads that are parked in weft in the same way; note the generations of all these waits
//   D2 no poller has waiters; no fiber is in a blocking call
//   D3 the process has exactly as many tasks as there are threads of ours and threads counted in D1
//   D4 D1 again: the same waits, the same number of fibers that ever finished
// Why it is never a false alarm. A wait that is found parked, with one generation, in D1 and in D4 lasted from one to
// the other: whoever leaves a wait begins the next one with a new generation. So between D1 and D4 no fiber ran; nor
// had one begun that D1 missed: it would be alive in D4, or have finished, and the counts say no. The plain threads of
// D1 did not run either, and at D3, one moment in between, there were no others: the kernel's count is one number, each
// of ours is a task, and each thread in D1 another. So at D3 only threads of ours ran, and these wake a fiber only
//   - for a deadline: no wait had one (a node that was popped before has an old generation, and its claim fails)
//   - for readiness or a signal: a fiber that waits for one counts itself in before it parks and out after it woke, and
//     its parking is what D1 saw, so D2 sees the count
//   - at the end of a blocking call: likewise
//   - for a cancellation on its way, by whoever asked or by the worker that published the wait: D1 looked at the
//     request after it saw the wait, and the one who asked was a fiber or thread that had come to rest itself
//   - or because they hold one in their hands between two queues: that one is not parked.
// Nothing of it comes into being again without a fiber or a plain thread that runs. What is asleep stays asleep.
// A worker that is awake, looking for work, does not matter: it finds none.
// The walks over all fibers are done only where a first look finds D2 and D3 as they should be, and no timer: a process
// that waits for descriptors, or has a thread of its own elsewhere, pays a system call.
// Next: deadlock.cpp.

namespace weft::detail {

class scheduler;
struct fiber_block;

// The plain thread in run(): waits for the main fiber. Throws weft::deadlock where the options say so.
void await_main(scheduler& home, fiber_block* main);

}  // namespace weft::detail
