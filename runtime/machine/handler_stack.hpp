#pragma once
// Room: runtime. A stack of their own for a thread's signal handlers: a fiber's may be the one that has no room.

#include <cstddef>

namespace weft::detail {

// While one lives on a thread, signal handlers run on a stack of their own there, if they ask for it (SA_ONSTACK).
// A stack that the thread has already is left in place.
class handler_stack {
 public:
  handler_stack() noexcept;
  ~handler_stack();
  handler_stack(const handler_stack&) = delete;
  handler_stack& operator=(const handler_stack&) = delete;

  // In the guard of the calling thread's, if it is one of these: a handler there has used it up. Async-signal-safe.
  [[nodiscard]] static bool is_overflow(const void* address) noexcept;
  [[nodiscard]] static std::size_t size() noexcept;
  // The calling thread runs a handler on such a stack, ours or another. A system call; async-signal-safe.
  [[nodiscard]] static bool is_in_use() noexcept;

 private:
  void* base_ = nullptr;
};

}  // namespace weft::detail
