// Room: runtime. See context.hpp.

#include "context.hpp"

#include <cxxabi.h>
#include <pthread.h>

#if defined(WEFT_ASAN)
#include <sanitizer/asan_interface.h>
#endif

namespace weft::detail {

namespace fcontext = boost::context::detail;

exception_state* this_thread_exception_state() noexcept {
  return reinterpret_cast<exception_state*>(abi::__cxa_get_globals());
}

namespace {

// The outermost frame of every fiber.
void enter(fcontext::transfer_t t) {
  // Debuggers and unwinders stop here, and so does the search for a handler: there is no caller.
#if defined(__x86_64__)
  __asm__ __volatile__(".cfi_undefined rip");
#elif defined(__aarch64__)
  __asm__ __volatile__(".cfi_undefined x30");
#endif
#if defined(WEFT_ASAN)
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
  fiber_main(arrival{static_cast<worker*>(t.data), t.fctx});
}

}  // namespace

void make_context(context& fresh, const stack& on) noexcept {
#if defined(WEFT_ASAN)
  __asan_unpoison_memory_region(on.bottom, on.usable);
  fresh.fake_stack = nullptr;
  fresh.stack_bottom = on.bottom;
  fresh.stack_size = on.usable;
#endif
#if defined(WEFT_TSAN)
  fresh.tsan_fiber = __tsan_create_fiber(0);
#endif
  fresh.exceptions = {};
  fresh.saved = fcontext::make_fcontext(on.top(), on.usable, &enter);
}

void adopt_thread([[maybe_unused]] context& own) noexcept {
#if defined(WEFT_ASAN)
  pthread_attr_t attributes;
  void* bottom = nullptr;
  std::size_t size = 0;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &bottom, &size);
  pthread_attr_destroy(&attributes);
  own.stack_bottom = bottom;
  own.stack_size = size;
#endif
#if defined(WEFT_TSAN)
  own.tsan_fiber = __tsan_get_current_fiber();
#endif
}

namespace {

// Boost saves the registers at the lower end; below the return address their order is the same in all versions, but
// some keep a word or two more at the lowest end. So it is tried out, once: the return address of the jump in
// find_return_slot, as the other side of that jump sees it.
constexpr std::size_t k_no_slot = 0;
std::size_t g_return_slot = k_no_slot;

WEFT_NO_TSAN __attribute__((noinline, no_sanitize("address"))) void find_return_slot();

WEFT_NO_TSAN __attribute__((no_sanitize("address"))) void look_back(fcontext::transfer_t t) {
  constexpr std::size_t k_first = 7, k_last = 9;
  constexpr std::uintptr_t k_longest_function = 512;
  const auto* const slots = static_cast<const std::uintptr_t*>(t.fctx);
  for (std::size_t i = k_first; i <= k_last && g_return_slot == k_no_slot; ++i)
    if (slots[i] - reinterpret_cast<std::uintptr_t>(&find_return_slot) < k_longest_function) g_return_slot = i;
  fcontext::jump_fcontext(t.fctx, nullptr);
}

WEFT_NO_TSAN void find_return_slot() {
  alignas(16) static std::byte stack[8192];
  fcontext::jump_fcontext(fcontext::make_fcontext(std::end(stack), sizeof(stack), &look_back), nullptr);
  __asm__ __volatile__("" ::: "memory");  // no tail call: the return address must be in here
}

}  // namespace

WEFT_NO_TSAN __attribute__((no_sanitize("address"))) const void* where_it_left(const context& parked) noexcept {
#if defined(__x86_64__)
  [[maybe_unused]] static const bool is_found = (find_return_slot(), true);
  if (g_return_slot == k_no_slot) return nullptr;
  return static_cast<const std::uintptr_t*>(parked.saved) + g_return_slot + 1;
#else
  (void)parked;
  return nullptr;
#endif
}

void destroy_context([[maybe_unused]] context& gone) noexcept {
#if defined(WEFT_ASAN)
  // Whoever still points into it is told, until the next fiber gets it.
  __asan_poison_memory_region(gone.stack_bottom, gone.stack_size);
#endif
#if defined(WEFT_TSAN)
  __tsan_destroy_fiber(gone.tsan_fiber);
  gone.tsan_fiber = nullptr;
#endif
}

}  // namespace weft::detail
