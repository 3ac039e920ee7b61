#pragma once
// Room: runtime. What the system knows of the calling thread, and each says otherwise: its number, name, stack, and the
// clock of its time on a processor. system_thread_linux.cpp, and its twins.

#include <cstddef>
#include <cstdint>
#include <ctime>

namespace weft::detail {

// As tools show it; of the calling thread. Async-signal-safe.
[[nodiscard]] int this_thread_number() noexcept;

// 15 letters are kept.
void name_this_thread(const char* name) noexcept;

struct thread_stack {
  std::uintptr_t bottom = 0;  // 0: not to be had
  std::size_t size = 0;
  std::size_t guard_size = 0;
};
[[nodiscard]] thread_stack this_thread_stack() noexcept;

// For any thread to read by clock_gettime. False: threads have none here.
[[nodiscard]] bool this_thread_clock(clockid_t& clock) noexcept;

// Threads of the whole process; 0 if the system does not say.
[[nodiscard]] std::uint64_t threads_of_process() noexcept;

}  // namespace weft::detail
