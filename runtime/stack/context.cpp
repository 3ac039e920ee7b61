// Room: runtime. See context.hpp.

#include "context.hpp"

#include <cerrno>

#include <cxxabi.h>

#include "system_thread.hpp"
#include "valgrind.hpp"

// Of the C++ ABI, but not in every library's header.
namespace __cxxabiv1 {
struct __cxa_eh_globals;
extern "C" __cxa_eh_globals* __cxa_get_globals() noexcept;
}  // namespace __cxxabiv1

namespace weft::detail {

exception_state* this_thread_exception_state() noexcept {
  return reinterpret_cast<exception_state*>(abi::__cxa_get_globals());
}

// The outermost frame of every fiber. Debuggers and unwinders stop here, and so does the search for a handler: there is
// no caller.
void begin_context(void* left, void* data) {
#if defined(__x86_64__)
  __asm__ __volatile__(".cfi_undefined rip");
#elif defined(__aarch64__)
  __asm__ __volatile__(".cfi_undefined x30");
#endif
#if defined(WEFT_TELLS_ASAN)
  if (has_asan()) __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
  fiber_main(arrival{static_cast<worker*>(data), left});
}

void make_context(context& fresh, const stack& on) noexcept {
#if defined(WEFT_TELLS_ASAN)
  if (has_asan()) __asan_unpoison_memory_region(on.bottom, on.usable);
  fresh.fake_stack = nullptr;
  fresh.stack_bottom = on.bottom;
  fresh.stack_size = on.usable;
#endif
#if defined(WEFT_TELLS_TSAN)
  if (has_tsan()) fresh.tsan_fiber = __tsan_create_fiber(0);
#endif
#if defined(WEFT_SANITIZE_READY)
  const auto bottom = reinterpret_cast<std::uintptr_t>(on.bottom);
  fresh.valgrind_stack = ask_valgrind(valgrind_request::stack_register, bottom, bottom + on.usable - 1);
#endif
  fresh.exceptions = {};
  fresh.saved = prepare_jump(on.top(), on.usable);
}

#if defined(WEFT_TELLS_ASAN)
namespace {
void note_own_stack(context& own) noexcept {
  const thread_stack mine = this_thread_stack();
  own.stack_bottom = reinterpret_cast<void*>(mine.bottom);  // NOLINT(performance-no-int-to-ptr)
  own.stack_size = mine.size;
}
}  // namespace
#endif

#if defined(WEFT_TELLS_TSAN)
namespace {
// errno is the thread's, and so that of its fibers, which run one after the other: to the race detector each of them is
// a thread, and what a header reads of errno inline (std::stoi) were a race with the next one's.
void note_own_errno() noexcept {
  AnnotateBenignRaceSized(__FILE__, __LINE__, &errno, sizeof errno, "errno, of the fibers of one thread");
}
}  // namespace
#endif

void adopt_thread([[maybe_unused]] context& own) noexcept {
#if defined(WEFT_TELLS_ASAN)
  if (has_asan()) note_own_stack(own);
#endif
#if defined(WEFT_TELLS_TSAN)
  if (!has_tsan()) return;
  own.tsan_fiber = __tsan_get_current_fiber();
  note_own_errno();
#endif
}

void destroy_context([[maybe_unused]] context& gone) noexcept {
#if defined(WEFT_TELLS_ASAN)
  // Whoever still points into it is told, until the next fiber gets it.
  if (has_asan()) __asan_poison_memory_region(gone.stack_bottom, gone.stack_size);
#endif
#if defined(WEFT_TELLS_TSAN)
  if (has_tsan()) __tsan_destroy_fiber(gone.tsan_fiber);
  gone.tsan_fiber = nullptr;
#endif
#if defined(WEFT_SANITIZE_READY)
  ask_valgrind(valgrind_request::stack_deregister, gone.valgrind_stack);
#endif
}

}  // namespace weft::detail
