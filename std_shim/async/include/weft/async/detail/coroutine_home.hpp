#pragma once
// Room: async. In which runtime a coroutine waits, and is resumed.

#include <weft/runtime/detail/require_cpp20.hpp>

namespace weft::detail {
class scheduler;
}

#pragma GCC visibility push(default)

namespace weft::detail {

// That of the calling fiber. On a plain thread: one of the process's own, with one worker, which is made by the first
// who asks, and stays. Throws what runtime's constructor throws.
[[nodiscard]] scheduler* coroutine_home();

}  // namespace weft::detail

#pragma GCC visibility pop
