// Room: runtime. See stack_walk.hpp. The trick is a frame, weft_walk_from, whose unwind information says that its
// caller is the parked jump: its canonical frame address is the one that it is given, and the registers of its caller
// are those saved there. Whoever unwinds through it goes on along the parked stack.

#include "stack_walk.hpp"

#include <cstdint>

#include <unwind.h>

namespace weft::detail {

#if defined(WEFT_INLINE_JUMP)

// weft_walk_from(frame, f, argument) calls f(argument). `frame` is where the stack pointer was before the jump: where
// it goes on and rbp are saved right below (jump.hpp); the function around the jump has saved the other registers.
// The escape is DW_CFA_def_cfa_expression: what the stack pointer of this frame points to (breg7 0, deref).
__asm__(
    "  .text\n"
    "  .p2align 4\n"
    "  .globl weft_walk_from\n"
    "  .hidden weft_walk_from\n"
    "  .type weft_walk_from, @function\n"
    "weft_walk_from:\n"
    "  .cfi_startproc\n"
    "  pushq %rdi\n"
    "  .cfi_escape 0x0f, 0x03, 0x77, 0x00, 0x06\n"
    "  .cfi_offset %rbp, -16\n"
    "  movq %rdx, %rdi\n"
    "  callq *%rsi\n"
    "  addq $8, %rsp\n"
    "  ret\n"
    "  .cfi_endproc\n"
    "  .size weft_walk_from, . - weft_walk_from\n");

extern "C" void weft_walk_from(const void* frame, void (*f)(void*) noexcept, void* argument) noexcept;

namespace {

struct walk {
  std::uintptr_t low;
  std::uintptr_t high;
  std::span<const void*> to;
  std::size_t count = 0;

  [[nodiscard]] bool holds(std::uintptr_t address) const noexcept { return address > low && address <= high; }
};

// Before the unwinder goes on from a frame: one that is off the stack ends the walk. The walker's own come first.
_Unwind_Reason_Code note_frame(_Unwind_Context* context, void* argument) noexcept {
  walk& w = *static_cast<walk*>(argument);
  if (!w.holds(_Unwind_GetCFA(context))) return w.count == 0 ? _URC_NO_REASON : _URC_END_OF_STACK;
  const std::uintptr_t address = _Unwind_GetIP(context);
  if (address == 0 || w.count == w.to.size()) return _URC_END_OF_STACK;
  w.to[w.count++] = reinterpret_cast<const void*>(address);
  return _URC_NO_REASON;
}

}  // namespace

std::size_t walk_parked(const context& parked, const stack& on, std::span<const void*> to) noexcept {
  const auto bottom = reinterpret_cast<std::uintptr_t>(on.bottom);
  walk w{bottom, bottom + on.usable, to};
  if (!w.holds(reinterpret_cast<std::uintptr_t>(parked.saved))) return 0;
  const void* const frame = static_cast<const std::uintptr_t*>(parked.saved) + 3;
  weft_walk_from(
      frame, [](void* argument) noexcept { _Unwind_Backtrace(&note_frame, argument); }, &w);
  return w.count;
}

#else

std::size_t walk_parked(const context&, const stack&, std::span<const void*>) noexcept { return 0; }

#endif

}  // namespace weft::detail
