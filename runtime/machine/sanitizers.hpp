#pragma once
// Room: runtime. Which sanitizer there is: the one that this is built with, or, in a library that is ready for them
// (WEFT_SANITIZE_READY; README.md, "Sanitizers and valgrind"), the one that the program brings, by hooks that are null
// without it. Next: context.hpp, which calls them.

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define WEFT_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define WEFT_TSAN 1
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEFT_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define WEFT_TSAN 1
#endif
#endif

#if defined(WEFT_ASAN) || defined(WEFT_SANITIZE_READY)
#define WEFT_TELLS_ASAN 1
#endif
#if defined(WEFT_TSAN) || defined(WEFT_SANITIZE_READY)
#define WEFT_TELLS_TSAN 1
#endif

// Of the sanitizers' interfaces, as <sanitizer/*.h> has them.
#if defined(WEFT_SANITIZE_READY)
#define WEFT_HOOK extern "C" [[gnu::weak]]
#else
#define WEFT_HOOK extern "C"
#endif
#if defined(WEFT_TELLS_ASAN)
WEFT_HOOK void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, std::size_t size);
WEFT_HOOK void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom, std::size_t* size);
WEFT_HOOK void __asan_get_shadow_mapping(std::size_t* scale, std::size_t* offset);
WEFT_HOOK void __asan_poison_memory_region(const void* begin, std::size_t size);
WEFT_HOOK void __asan_unpoison_memory_region(const void* begin, std::size_t size);
#endif
#if defined(WEFT_TELLS_TSAN)
WEFT_HOOK void* __tsan_get_current_fiber();
WEFT_HOOK void* __tsan_create_fiber(unsigned flags);
WEFT_HOOK void __tsan_destroy_fiber(void* fiber);
WEFT_HOOK void __tsan_switch_to_fiber(void* fiber, unsigned flags);
WEFT_HOOK void __tsan_acquire(void* address);
WEFT_HOOK void __tsan_release(void* address);
WEFT_HOOK void AnnotateBenignRaceSized(const char* file, int line, const void* address, std::size_t size,
                                       const char* why);
#endif
#undef WEFT_HOOK

namespace weft::detail {

#if defined(WEFT_SANITIZE_READY)
inline bool has_asan() noexcept { return &__sanitizer_start_switch_fiber != nullptr; }
inline bool has_tsan() noexcept { return &__tsan_switch_to_fiber != nullptr; }
#else
#if defined(WEFT_ASAN)
constexpr bool has_asan() noexcept { return true; }
#else
constexpr bool has_asan() noexcept { return false; }
#endif
#if defined(WEFT_TSAN)
constexpr bool has_tsan() noexcept { return true; }
#else
constexpr bool has_tsan() noexcept { return false; }
#endif
#endif

}  // namespace weft::detail
