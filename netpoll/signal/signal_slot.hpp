#pragma once
// Room: netpoll. What the signal handler works on, and who handles which signal. Everything that the handler touches is
// an atomic of a slot; slots are type-stable and never leave their list.
//
// "Delivering". A slot's event may be closed as soon as deactivate returns, though handlers run on any thread:
//   handler, for each slot                            deactivate
//   S1 running + 1 (seq_cst)                          D1 event = -1 (seq_cst)
//   S2 load event (seq_cst); -1: S4                   D2 wait until running is 0 (seq_cst)
//   S3 note the signal pending, raise the event       D3 the event may be closed
//   S4 running - 1
// Either S2 sees D1, or D2 sees S1 and waits for S4. A handler runs for nanoseconds, never on the thread that waits in
// D2 (it would have to interrupt it, and ends before it returns).

#include <atomic>
#include <cstdint>
#include <span>
#include <system_error>

namespace weft::net::detail {

// Bit n - 1 stands for signal n.
using signal_set = std::uint64_t;

struct signal_slot {
  // Any thread, handlers too.
  std::atomic<int> event{-1};
  std::atomic<std::uint32_t> running{0};
  std::atomic<signal_set> wanted{0};
  std::atomic<signal_set> pending{0};
  signal_slot* next = nullptr;  // written before the slot is in the list

  // Guarded by the lock in signal_slot.cpp.
  bool is_taken = false;
};

// A slot whose `event` is raised for each of the signals; null with an error, and then nothing has changed. May throw
// std::bad_alloc.
[[nodiscard]] signal_slot* activate(std::span<const int> signals, int event, std::error_code& ec);

// Restores what the signals did, for those that no other slot wants.
void deactivate(signal_slot& slot) noexcept;

// One that is pending, and is not any more; 0 if there is none.
[[nodiscard]] int take_pending(signal_slot& slot) noexcept;

}  // namespace weft::net::detail
