#pragma once
// Room: runtime. What a fiber that waits for a lock leaves on its frame for dumps: which one it is, and who holds it.
//
// "Telling a lock"   waiter                                  dump
//   T1 note on its frame; tell_lock(self, &note)      R1 hold the fiber still (waiting_word.hpp, "the inspector")
//   T2 park                                           R2 read where the note is, the note, the owner
//   T3 tell_lock(self, nullptr)                       R3 let it go
// T1 comes before the publishing of the park and T3 after its end, and between R1 and R3 the fiber is parked: so what
// R2 finds is the note of this wait, or none. The lock is there, because somebody waits for it.

#include <atomic>

#include <weft/runtime/park.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

struct lock_note {
  const void* lock = nullptr;
  const std::atomic<const void*>* owner = nullptr;  // the waiter& of its holder; null: not tracked in this build
};

// T1 and T3, by the waiter itself. A plain thread's, and one that is not on the fiber's own stack, is left out.
void tell_lock(waiter& self, const lock_note* note) noexcept;

}  // namespace weft::detail

#pragma GCC visibility pop
