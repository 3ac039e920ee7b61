#pragma once
// Room: runtime. Which threads are the runtime's own, and which fibers wait for code outside of weft: counted for who
// proves that all are asleep for ever (deadlock.hpp), or that nobody else will end a wait (stuck_watch.hpp).

#include <cstdint>

#include <weft/runtime/detail/own_thread.hpp>

namespace weft::detail {

// In a child of fork(), which has none of them.
void forget_own_threads() noexcept;

// How many threads are ours, and above, how often that changed.
inline constexpr std::uint64_t k_one_change = std::uint64_t{1} << 32;
[[nodiscard]] std::uint64_t own_threads() noexcept;
// The process has as many tasks as there are threads of ours, and `others`.
[[nodiscard]] bool all_tasks_are_known(std::uint64_t others) noexcept;
// relaxed: for who has acquired the waits of those fibers.
[[nodiscard]] bool is_any_call_outside() noexcept;

}  // namespace weft::detail
