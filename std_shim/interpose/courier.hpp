#pragma once
// std_shim, interpose: who wakes fibers for a caller that may be a signal handler. POSIX lets one call sem_post, and it
// may have interrupted its thread anywhere: under a lock of the lot's, of a run queue's, or of the poller's. So a
// handler takes none of them; it leaves the address to a thread that takes no signals.
//
// "Posting from anywhere"
//   who posts                                     the courier
//   P1 N0 to N2 (lot.hpp): somebody is inside     Q1 sleep at libc's own semaphore
//   P2 this thread's signals are as ever: it is   Q2 empty every slot: N3 and N4 for each address
//      in no handler; N3, N4                      Q3 too_many: wake all, at whatever address
//   P3 else the address into an empty slot, by
//      compare-and-swap; there is none: too_many
//   P4 libc's own sem_post for Q1
// - P3 and P4 take no lock and no memory, and never wait. A slot is filled before P4, and Q2 comes after Q1: none is
//   left behind.
// - A thread is as ever if it has the signals blocked that it had when a fiber of it first waited for a semaphore, or
//   else none. While a handler runs, at least its own signal is blocked, unless it was installed with SA_NODEFER and
//   an empty mask: those alone must not post.
// - The courier begins with the first fiber that waits for a semaphore: without one nobody is inside. It is no thread
//   of the runtime's: while it lives no deadlock is reported, for a handler may always post.
// - If there is no courier to be had, P2 is for all.
// The slots: courier_slots.hpp. Model: tests/model/courier_model.cpp.

namespace weft::interpose {

// Before a fiber's A1 (lot.hpp), for a semaphore.
void begin_courier() noexcept;

// P2 to P4, for one who waits at this address. Any thread, signal handlers included.
void wake_one_from_anywhere(const void* address) noexcept;

// In the child of a fork, which has no courier and no fibers.
void forget_courier() noexcept;

}  // namespace weft::interpose
