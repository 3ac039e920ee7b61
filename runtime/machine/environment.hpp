#pragma once
// Room: runtime. What the process is given from outside: environment variables, CPUs.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <weft/runtime/detail/chrono.hpp>

namespace weft::detail {

inline constexpr std::size_t k_max_workers = 256;

// WEFT_SEED, or a fresh one for each process.
[[nodiscard]] std::uint64_t process_seed();

// CPUs that this process may use: by affinity, and by the quota of its cgroup (v2 or v1), rounded up. At least 1.
[[nodiscard]] std::size_t usable_cpus();

// `given`, or what the variable says, or the fallback: the first that is not zero. Refuses what is no number.
[[nodiscard]] std::uint64_t number_from_environment(const char* name, std::uint64_t given, std::uint64_t fallback,
                                                    bool allow_suffix);

// The same of a duration, which the variable says in ms or s.
[[nodiscard]] std::chrono::nanoseconds duration_from_environment(const char* name, std::chrono::nanoseconds given);

// Throws std::invalid_argument: what was said, and the remedy.
[[noreturn]] void refuse(std::string_view what, std::string_view text, const std::string& remedy);

// A whole number, with a suffix k, m or g if `allow_suffix`. Throws std::invalid_argument naming `what` and the text.
[[nodiscard]] std::uint64_t parse_number(std::string_view what, std::string_view text, bool allow_suffix);

}  // namespace weft::detail
