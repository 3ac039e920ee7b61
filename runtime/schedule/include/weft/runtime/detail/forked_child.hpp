#pragma once
// Room: runtime. Whether this process has of a runtime nothing but its memory. "After fork", forks.hpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// True in a child that was forked while a runtime lived. What it shares with its parent, such as the descriptor of an
// epoll, is the parent's: who closes something there must not tell it.
[[nodiscard]] bool is_forked_beside_a_runtime() noexcept;

}  // namespace weft::detail

#pragma GCC visibility pop
