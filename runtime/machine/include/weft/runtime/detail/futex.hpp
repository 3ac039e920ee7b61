#pragma once
// Room: runtime. How a plain thread sleeps on a word: the one place that names the futex system call. Private futexes
// only. Waking an address whose object is gone is harmless: at worst somebody wakes and looks at a word of his own
// again.

#include <atomic>
#include <cstdint>

#include <weft/runtime/deadline.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// Sleeps while `word` holds `expected`; may return for no reason.
void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept;

// The same until a point on the steady clock. False once it has passed.
bool futex_wait_until(std::atomic<std::uint32_t>& word, std::uint32_t expected, deadline until) noexcept;

void futex_wake_one(std::atomic<std::uint32_t>& word) noexcept;
void futex_wake_all(std::atomic<std::uint32_t>& word) noexcept;

}  // namespace weft::detail

#pragma GCC visibility pop
