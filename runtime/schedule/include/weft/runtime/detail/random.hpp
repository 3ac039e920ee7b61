#pragma once
// Room: runtime. The one random generator: the order of stealing, the shuffling of ready fibers, the choice of a
// select. One 64-bit seed a process (WEFT_SEED, or options::seed for a runtime) feeds every worker's stream.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstdint>

#pragma GCC visibility push(default)

namespace weft::detail {

// The next number of the calling worker's stream, or of the calling thread's own.
[[nodiscard]] std::uint64_t random_u64() noexcept;

// Uniform in [0, n); n > 0.
[[nodiscard]] std::uint32_t random_below(std::uint32_t n) noexcept;

}  // namespace weft::detail

#pragma GCC visibility pop
