#pragma once
// Room: runtime. The jump from one stack to another; context.hpp wraps it, and nobody else uses it. On x86-64 it is
// ours, and inline: the compiler then saves those registers alone that the function around it needs, and the returns
// after it are predicted as far as both sides came by the same calls. Elsewhere, and with -Dcontext=boost, it is
// Boost.Context's.
//
// What a context is saved as points to (x86-64): [ environment ][ rbp ][ where it goes on ][ the stack as it was ...
// The upper part is what a frame that saved rbp looks like from its inside; stack_walk.cpp relies on it.
// The floating-point environment (rounding mode, exception masks) belongs to the context, as the calling convention
// wants. To load it costs as much as all the rest, so it is loaded only where it differs.

#if defined(__x86_64__) && !defined(WEFT_BOOST_JUMP)
#define WEFT_INLINE_JUMP
#endif

#if !defined(WEFT_INLINE_JUMP)
#include <boost/context/detail/fcontext.hpp>
#endif

#include <cstddef>
#include <cstdint>

#include "float_environment.hpp"

namespace weft::detail {

struct landing {
  void* left;  // what the context that jumped here is saved as
  void* data;
};

// What the first jump to a fresh context runs. Defined in context.cpp.
[[noreturn]] void begin_context(void* left, void* data);  // not noexcept: spawn.hpp, fiber_body::run

// What a fresh context is saved as, on the stack that ends at `top`: prepare_jump(top, usable).

#if defined(WEFT_INLINE_JUMP)

#if defined(__AVX512F__)
#define WEFT_JUMP_CLOBBERS_AVX512                                                                               \
  , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", \
      "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define WEFT_JUMP_CLOBBERS_AVX512
#endif

#if defined(__CET__)
#define WEFT_JUMP_TARGET "endbr64\n"
#else
#define WEFT_JUMP_TARGET ""
#endif

// Of MXCSR the bits that belong to the callee: all but the sticky flags.
#define WEFT_JUMP_CONTROL_BITS "$0xffc0"

// Pushes below the stack pointer: the function around it must have no red zone, which is so because it calls others
// (and runtime/meson.build says so, too).
inline landing jump(void* to, void* data) noexcept {
  void* left = nullptr;
  __asm__ __volatile__(
      "leaq 1f(%%rip), %%rcx\n\t"
      "pushq %%rcx\n\t"
      "pushq %%rbp\n\t"
      "pushq %%rax\n\t"
      "stmxcsr (%%rsp)\n\t"
      "fnstcw 4(%%rsp)\n\t"
      "movq %%rsp, %%rdi\n\t"
      "movl (%%rdi), %%eax\n\t"
      "xorl (%[to]), %%eax\n\t"
      "andl " WEFT_JUMP_CONTROL_BITS
      ", %%eax\n\t"
      "movzwl 4(%%rdi), %%ecx\n\t"
      "xorw 4(%[to]), %%cx\n\t"
      "orl %%ecx, %%eax\n\t"
      "jnz 2f\n"
      "3:\t"
      "leaq 8(%[to]), %%rsp\n\t"
      "popq %%rbp\n\t"
      "popq %%rcx\n\t"
      "jmpq *%%rcx\n"
      "2:\t"
      "ldmxcsr (%[to])\n\t"
      "fldcw 4(%[to])\n\t"
      "jmp 3b\n"
      "1:\t" WEFT_JUMP_TARGET
      : "=&D"(left), "+S"(data), [to] "+d"(to)
      :
      : "rax", "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3",
        "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "mm0",
        "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)",
        "st(7)", "memory", "cc" WEFT_JUMP_CLOBBERS_AVX512);
  return {left, data};
}

// As if begin_context had been called: the place of its return address is 8 below a multiple of 16.
inline void* prepare_jump(void* top, std::size_t) noexcept {
  auto** slot = reinterpret_cast<void**>(reinterpret_cast<std::uintptr_t>(top) & ~std::uintptr_t{15});
  *--slot = nullptr;
  *--slot = reinterpret_cast<void*>(&begin_context);
  *--slot = nullptr;
  --slot;
  __asm__ __volatile__("stmxcsr (%0)\n\tfnstcw 4(%0)" : : "r"(slot) : "memory");  // nothing to be loaded
  return slot;
}

#undef WEFT_JUMP_CONTROL_BITS
#undef WEFT_JUMP_CLOBBERS_AVX512
#undef WEFT_JUMP_TARGET

#else

#if defined(__aarch64__)
using kept_by_jump = float_environment;
#else
struct kept_by_jump {  // Boost's own jump does it
  static kept_by_jump current() noexcept { return {}; }
  void enter() const noexcept {}
};
#endif

inline landing jump(void* to, void* data) noexcept {
  const kept_by_jump mine = kept_by_jump::current();
  const boost::context::detail::transfer_t t = boost::context::detail::jump_fcontext(to, data);
  mine.enter();
  return {t.fctx, t.data};
}

inline void* prepare_jump(void* top, std::size_t usable) noexcept {
  return boost::context::detail::make_fcontext(
      top, usable, [](boost::context::detail::transfer_t t) { begin_context(t.fctx, t.data); });
}

#endif

}  // namespace weft::detail
