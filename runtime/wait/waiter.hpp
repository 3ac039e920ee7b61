#pragma once
// Room: runtime. What waits: the part that a fiber's control block and a plain thread's have in common. Both are
// type-stable (slab.hpp), so a token may point to one for ever.
// Next: fiber_block.hpp and thread_waiter.hpp, the two kinds; park.cpp, which makes them wait.

#include <cstdint>

#include <weft/runtime/detail/real_env.hpp>

#include "timer_queue.hpp"
#include "waiting_word.hpp"

namespace weft::detail {

enum class waiter_kind : std::uint8_t { fiber, thread };

struct waiter : timer_node {
  explicit waiter(waiter_kind k) noexcept : kind(k) {}

  waiting_word<real_env> word;
  const waiter_kind kind;
};

}  // namespace weft::detail
