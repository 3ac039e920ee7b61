#pragma once
// Room: runtime. Address space that costs memory where it is touched alone, and no promise of swap.

#include <cstddef>

#include <sys/mman.h>

namespace weft::detail {

// For mmap, beside what is wanted. MAP_STACK of FreeBSD is not Linux's: it grows, and has a guard of its own.
#if defined(__linux__)
inline constexpr int k_unbacked = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
#else
inline constexpr int k_unbacked = MAP_PRIVATE | MAP_ANONYMOUS;
#endif

// What the system protects and gives back in one piece, at least.
#if defined(__APPLE__) && defined(__aarch64__)
inline constexpr std::size_t k_system_page = 16384;
#else
inline constexpr std::size_t k_system_page = 4096;
#endif

}  // namespace weft::detail
