#pragma once
// Room: sync. What a thread does between two looks at a word that another core is about to change.

namespace weft::detail {

inline void spin_pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

}  // namespace weft::detail
