#pragma once
// Room: runtime. The only thread_locals of weft. A compiler may keep the address of a thread_local across any call, so
// across a switch to another thread: every access goes through a function that is neither inlined nor analysed, and
// nothing that it returns is kept across a switch point. The truth about who runs stays here (users run coroutines on
// stacks of their own inside fibers, so the stack pointer does not tell).

#include <cstdint>

namespace weft::detail {

class worker;
struct fiber_block;
struct fiber_extension;
struct thread_waiter;

// Null on threads that are no workers.
[[nodiscard]] worker* this_worker() noexcept;
void set_this_worker(worker* w) noexcept;

// Null on plain threads.
[[nodiscard]] fiber_block* this_fiber_block() noexcept;

// The calling plain thread as a waiter: made on first use, given back when the thread ends.
[[nodiscard]] thread_waiter& this_thread_waiter() noexcept;

// What it has of its own, on no fiber (fiber_extension.hpp); ended as the thread ends.
[[nodiscard]] fiber_extension*& this_thread_extension() noexcept;

// The random stream of a plain thread.
[[nodiscard]] std::uint64_t random_of_this_thread() noexcept;

}  // namespace weft::detail
