#pragma once
// Room: async. C++20 without its coroutines (clang before 15) is not enough for what includes this.

#include <weft/runtime/detail/require_cpp20.hpp>

#if !defined(__cpp_impl_coroutine)
#error "weft/await.hpp needs C++20's coroutines, which this compiler does not have: g++ 10, clang 15, or newer"
#endif
