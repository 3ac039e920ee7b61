#pragma once
// Room: runtime. What the process is given from outside: environment variables, CPUs.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <weft/runtime/options.hpp>

namespace weft::detail {

inline constexpr std::size_t k_max_workers = 256;

// Fills what is zero from the environment, then from the defaults, and refuses what cannot be.
[[nodiscard]] options settle_options(const options& wanted);

// WEFT_SEED, or a fresh one for each process.
[[nodiscard]] std::uint64_t process_seed();

// CPUs that this process may use: by affinity, and by the quota of its cgroup (v2 or v1), rounded up. At least 1.
[[nodiscard]] std::size_t usable_cpus();

// A whole number, with a suffix k or m if `allow_suffix`. Throws std::invalid_argument naming `what` and the text.
[[nodiscard]] std::uint64_t parse_number(std::string_view what, std::string_view text, bool allow_suffix);

}  // namespace weft::detail
