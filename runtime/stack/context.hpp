#pragma once
// Room: runtime. What runs: a stack with saved registers, a fiber's or a worker thread's own. This pair of files, and
// no other, names the sanitizers' hooks; exception state belongs to the context too (runtime/README.md). It decides
// nothing: who runs next is worker.hpp's. How the stacks are swapped: jump.hpp.

#include <cstddef>
#include <cstdint>

#include "jump.hpp"
#include "sanitizers.hpp"
#include "stack_pool.hpp"

namespace weft::detail {

class worker;

// The C++ runtime's per-thread record (caught exceptions, uncaught count), as the Itanium ABI lays it out. The switch
// swaps it, at the address that the resuming worker stored when it started: asking for the address costs as much as the
// switch.
struct exception_state {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};
[[nodiscard]] exception_state* this_thread_exception_state() noexcept;

// Switches do not synchronise for the race detector, though they stay on one thread: what contexts leave each other in
// the worker and in contexts is not its business. Functions that touch it are marked.
#if defined(WEFT_TSAN)
#define WEFT_NO_TSAN __attribute__((no_sanitize("thread")))
#else
#define WEFT_NO_TSAN
#endif

struct context {
  void* saved = nullptr;  // registers, when it does not run
  exception_state exceptions;
#if defined(WEFT_TELLS_ASAN)
  void* fake_stack = nullptr;
  const void* stack_bottom = nullptr;
  std::size_t stack_size = 0;
#endif
#if defined(WEFT_TELLS_TSAN)
  void* tsan_fiber = nullptr;
#endif
#if defined(WEFT_SANITIZE_READY)
  std::uintptr_t valgrind_stack = 0;
#endif
};

// Where a context was entered: on which worker, and what the one that left it must be saved as.
struct arrival {
  worker* on;
  void* left;
};

enum class leaving : bool { for_good, to_come_back };

// What the first switch to a fresh context runs, on top of its stack. Defined in fiber.cpp.
[[noreturn]] void fiber_main(arrival first);  // not noexcept: spawn.hpp, fiber_body::run

void make_context(context& fresh, const stack& on) noexcept;

// Adopts the calling thread's own stack.
void adopt_thread(context& own) noexcept;

// Leaves `from`, which is running on `w`, for `to`. Returns when something switches back to `from`, maybe elsewhere.
WEFT_NO_TSAN inline arrival switch_context([[maybe_unused]] context& from, context& to, worker* w,
                                           [[maybe_unused]] leaving how) noexcept {
#if defined(WEFT_TELLS_ASAN)
  if (has_asan())
    __sanitizer_start_switch_fiber(how == leaving::for_good ? nullptr : &from.fake_stack, to.stack_bottom,
                                   to.stack_size);
#endif
#if defined(WEFT_TELLS_TSAN)
  constexpr unsigned k_no_sync = 1;
  if (has_tsan()) __tsan_switch_to_fiber(to.tsan_fiber, k_no_sync);
#endif
  const landing here = jump(to.saved, w);
#if defined(WEFT_TELLS_ASAN)
  if (has_asan()) __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
#endif
  return {static_cast<worker*>(here.data), here.left};
}

// A fresh context that never is switched to: it runs where another has ended.
inline void hand_stack_over([[maybe_unused]] const context& from, [[maybe_unused]] context& to) noexcept {
#if defined(WEFT_SANITIZE_READY)
  to.valgrind_stack = from.valgrind_stack;
#endif
}

// Tells the sanitizers that a fiber's context is gone, from another context.
void destroy_context(context& gone) noexcept;

// Hand-over of a control block or a stack between contexts, which the race detector cannot see because switches do not
// synchronise there: release by who gives, acquire by who takes. Nothing in other builds.
inline void announce_release([[maybe_unused]] void* object) noexcept {
#if defined(WEFT_TELLS_TSAN)
  if (has_tsan()) __tsan_release(object);
#endif
}
inline void announce_acquire([[maybe_unused]] void* object) noexcept {
#if defined(WEFT_TELLS_TSAN)
  if (has_tsan()) __tsan_acquire(object);
#endif
}

}  // namespace weft::detail
