#pragma once
// Room: runtime. Code that was never written for fibers, run by one: what libweft_interpose (std_shim/interpose) has to
// know of the fiber that calls it, and the lasting hold of its worker that such code needs. Foreign code keeps what
// belongs to its thread (errno, a signal mask, a thread's number in a lock) over calls that park here.
//
// "Staying": a fiber stays on its worker while it holds a foreign lock, as if a pin_guard lived; they are counted apart
// from pin_guards, because who unlocks need not be who locked: a fiber that never had one gives none back.

#include <cstdint>

#include <weft/runtime/detail/require_cpp20.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

struct foreign_caller {
  std::uint64_t fiber = 0;          // its id, which no other fiber ever has; 0: no fiber runs here
  int thread = 0;                   // the kernel's number of its worker's thread
  std::uintptr_t stack_bottom = 0;  // of its stack
  std::uintptr_t stack_top = 0;     //
};

[[nodiscard]] foreign_caller this_foreign_caller() noexcept;
[[nodiscard]] std::uint64_t this_foreign_fiber() noexcept;  // its id alone

// One more: the fiber's id, or 0 if the caller is no fiber (then nothing was counted).
[[nodiscard]] std::uint64_t hold_foreign_lock() noexcept;
// One fewer; false if the caller is no fiber.
bool release_foreign_lock() noexcept;

}  // namespace weft::detail

#pragma GCC visibility pop
