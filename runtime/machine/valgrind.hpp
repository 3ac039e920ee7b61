#pragma once
// Room: runtime. What valgrind must be told of a fiber's stack, or it takes a switch for one huge frame: where it
// begins and ends. A request is a sequence of instructions that does nothing, and that valgrind alone recognises. It
// is of valgrind's stable interface, so its header is not needed. Nothing unless the library is ready for it (README).

#include <cstddef>
#include <cstdint>

namespace weft::detail {

#if defined(WEFT_SANITIZE_READY) && defined(__x86_64__)

enum class valgrind_request : std::uintptr_t {
  stack_register = 0x1501,
  stack_deregister = 0x1502,
  memory_is_defined = 0x4d430002,  // memcheck's
};

// 0 where there is no valgrind.
inline std::uintptr_t ask_valgrind(valgrind_request what, std::uintptr_t first, std::uintptr_t second = 0) noexcept {
  const std::uintptr_t request[6] = {static_cast<std::uintptr_t>(what), first, second, 0, 0, 0};
  std::uintptr_t answer = 0;
  __asm__ __volatile__(
      "rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\t"
      "xchgq %%rbx, %%rbx"
      : "+d"(answer)
      : "a"(&request[0])
      : "cc", "memory");
  return answer;
}

#else

enum class valgrind_request : std::uintptr_t { stack_register, stack_deregister, memory_is_defined };
inline std::uintptr_t ask_valgrind(valgrind_request, std::uintptr_t, std::uintptr_t = 0) noexcept { return 0; }

#endif

}  // namespace weft::detail
