#pragma once
// Room: runtime. The atomics that order what users share: std::atomic. In a library that is ready for sanitizers
// (README.md, "Sanitizers and valgrind") they tell a program's race detector what each operation orders, since it
// looks into nothing that was not compiled for it. Users' own code is, and sees std::atomic: same layout, same word.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <atomic>

#if defined(WEFT_SANITIZE_READY)
#include <weft/runtime/detail/announced_atomic.hpp>
#endif

#pragma GCC visibility push(default)

namespace weft::detail {

#if defined(WEFT_SANITIZE_READY)
template <class T>
using atomic = announced_atomic<T>;
#else
template <class T>
using atomic = std::atomic<T>;
#endif

}  // namespace weft::detail

#pragma GCC visibility pop
