#pragma once
// Room: runtime. Giving memory back after a burst.
//
//   std::size_t bytes = weft::trim();
//
// Where fibers ended their stacks are kept for the next ones, each with the few pages that are still warm. What nobody
// needs goes back to the system by itself: of the stacks that were idle all through a second half, each second, so that
// of a burst an eighth is left after four seconds and a hundredth after eight (the last 64 of each size stay); and all
// of it when the last runtime of the process ends. trim() gives back at once all that is idle now, in all runtimes, and
// returns how many bytes of it were in memory. It takes some 2 us for each idle stack, and as much again for each that
// is needed later. The buffers that other parts lend and keep (net::chunk) are kept and given back by the same rules.
//
// Any thread or fiber, with or without a runtime; it does not park. Address space stays reserved, with its guards and
// their page tables (512 bytes for each stack of 256 KiB), and so do the fibers' control blocks, 352 bytes for each of
// the most that ever lived at once. Memory of your own, and of libc's allocator, is not weft's to give: malloc_trim.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstddef>

#pragma GCC visibility push(default)

namespace weft {

std::size_t trim() noexcept;

}  // namespace weft

#pragma GCC visibility pop
