#pragma once
// Room: runtime. A fence whose cost one side bears: membarrier(2) makes every thread of the process pass a full fence,
// so that a partner that runs often needs to hold back the compiler alone. Who calls heavy_fence() must not come often:
// it interrupts every processor that runs a thread of ours, for some microseconds.

#include <weft/runtime/detail/require_cpp20.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// Whether the kernel has let us register. Ahead of that, and where it refuses, nobody may rely on light_fence().
[[nodiscard]] bool register_heavy_fence() noexcept;

// After register_heavy_fence() has returned true.
void heavy_fence() noexcept;

// The partner of heavy_fence(): it orders what this thread did before against what it does after for whoever calls
// that.
inline void light_fence() noexcept { __asm__ __volatile__("" ::: "memory"); }

}  // namespace weft::detail

#pragma GCC visibility pop
