// Room: tests of runtime. See step_count.hpp.

#include "step_count.hpp"

#ifdef WEFT_COUNTS_STEPS

#include <csignal>

#include <atomic>

#include <ucontext.h>

namespace weft::testing {

namespace {

std::atomic<std::uint64_t> instructions;
std::atomic<std::uint64_t> locked;
struct sigaction before;

// Opcodes, as the processor's manual has them.
bool is_locked(const unsigned char* at) {
  bool has_lock = false;
  for (;; ++at) {
    if (*at == 0xf0) has_lock = true;
    const bool is_prefix = *at == 0xf0 || *at == 0x66 || *at == 0xf2 || *at == 0xf3 || *at == 0x64 || *at == 0x65;
    if (!is_prefix) break;
  }
  if ((*at & 0xf0) == 0x40) ++at;  // REX
  const bool is_exchange = (*at == 0x86 || *at == 0x87) && (at[1] & 0xc0) != 0xc0;
  const bool is_fence = at[0] == 0x0f && at[1] == 0xae && (at[2] & 0xf8) == 0xf0;
  return has_lock || is_exchange || is_fence;
}

// Before each instruction but the first; what the interrupted thread runs next is at its program counter.
void on_step(int, siginfo_t*, void* context) {
  const auto at = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP];
  instructions.fetch_add(1, std::memory_order_relaxed);
  if (is_locked(reinterpret_cast<const unsigned char*>(at))) locked.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

step_counter::step_counter() {
  instructions = 0;
  locked = 0;
  struct sigaction action {};
  action.sa_sigaction = on_step;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigfillset(&action.sa_mask);
  ::sigaction(SIGTRAP, &action, &before);
}

step_counter::~step_counter() { ::sigaction(SIGTRAP, &before, nullptr); }

// Below the red zone, where the caller may keep something.
[[gnu::noinline]] void step_counter::begin() noexcept {
  __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; orq $0x100, (%%rsp); popfq; lea 128(%%rsp), %%rsp" ::
                       : "memory", "cc");
}

[[gnu::noinline]] steps step_counter::end() noexcept {
  __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; andq $~0x100, (%%rsp); popfq; lea 128(%%rsp), %%rsp" ::
                       : "memory", "cc");
  return {instructions, locked};
}

}  // namespace weft::testing

#endif
