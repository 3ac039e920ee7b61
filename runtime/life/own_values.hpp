#pragma once
// Room: runtime. The running fiber's own extension (fiber_extension.hpp), or the calling thread's.

#include "fiber_extension.hpp"
#include "this_worker.hpp"
#include "worker.hpp"

namespace weft::detail {

// Of the caller, who is on `w`, or null.
[[nodiscard]] inline fiber_extension* find_extension(worker* w) noexcept {
  const fiber_block* const fiber = w != nullptr ? w->current() : nullptr;
  // relaxed: the fiber's own.
  return fiber != nullptr ? fiber->extension.load(std::memory_order_relaxed) : this_thread_extension();
}

}  // namespace weft::detail
