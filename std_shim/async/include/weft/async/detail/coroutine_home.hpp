#pragma once
// Room: async. In which runtime a coroutine waits, and is resumed.

#include <weft/runtime/detail/require_cpp20.hpp>

namespace weft::detail {
class scheduler;
}

#pragma GCC visibility push(default)

namespace weft::detail {

// That of the calling fiber. On a plain thread: one of the process's own, with one worker, which is made by the first
// who asks, and never ends. Throws what runtime's constructor throws.
[[nodiscard]] scheduler* coroutine_home();

// Whether it is that one.
[[nodiscard]] bool never_ends(const scheduler* runtime) noexcept;

}  // namespace weft::detail

#pragma GCC visibility pop
