#pragma once
// Room: runtime. Misuse that is looked for in debug builds: a fiber leaves its thread while that holds a std::mutex, or
// another lock of pthreads. Whoever wants the lock next blocks a worker, perhaps the one that the fiber needs; and the
// fiber may come back, and unlock, on another thread. Who holds which lock is known only where the library
// weft_held_locks is loaded before libc (std_shim/held_locks.cpp); otherwise nothing is said.
// Next: switching.hpp, which asks.

#include "fiber_block.hpp"

namespace weft::detail {

#if defined(WEFT_TRACKS_OWNERS)
inline constexpr bool k_looks_for_held_locks = true;
#else
inline constexpr bool k_looks_for_held_locks = false;
#endif

// On the stack of the running fiber, which is about to leave. Names each lock on stderr, once.
[[gnu::noinline]] void look_for_held_locks(const fiber_block& leaving) noexcept;

}  // namespace weft::detail
