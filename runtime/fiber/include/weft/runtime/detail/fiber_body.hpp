#pragma once
// Room: runtime. What a fiber's control block knows of the function that it runs. Next: spawn.hpp, which makes them.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstddef>

namespace weft::detail {
struct fiber_block;
}

#pragma GCC visibility push(default)

namespace weft::detail {

inline constexpr std::size_t k_inline_closure = 64;

inline const void* never_throws(void*) noexcept { return nullptr; }

// What a fiber runs, one constant for each type of closure. Both are called on the fiber's own stack, except that a
// handle drops an outcome that it does not take.
struct fiber_body {
  // Moves the closure out of `storage`, runs it unless `run` is false (cancelled before it began), destroys it, and
  // leaves the outcome in `storage`. Not noexcept, and nor is any frame below it: an exception that nobody catches
  // finds the end of the stack, and std::terminate is called where it was thrown, with all frames intact. A noexcept
  // frame would first unwind.
  void (*run)(void* storage, bool run);
  // Destroys the outcome; terminates if it is an exception and `unseen`.
  void (*drop_outcome)(void* storage, bool unseen) noexcept;
  // The outcome's std::exception_ptr, if it is an exception; else null.
  const void* (*thrown)(void* storage) noexcept;
};

// Gives up one of the block's references, the fiber's own or its handle's: with the last one the block is free.
void release_fiber(fiber_block* fiber) noexcept;

}  // namespace weft::detail

#pragma GCC visibility pop
