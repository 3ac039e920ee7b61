#pragma once
// Room: runtime. Of <memory> what signatures speak of: unique_ptr, shared_ptr and weak_ptr, make_unique, make_shared
// and their like, addressof, allocator. The rest is atomic<shared_ptr> and the algorithms on raw memory. libstdc++
// keeps the two apart; elsewhere this is all of <memory>.
// Next: chrono.hpp, the same of <chrono>.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <version>

#if defined(__GLIBCXX__) && __has_include(<bits/unique_ptr.h>) && __has_include(<bits/shared_ptr.h>)
#include <bits/allocator.h>
#include <bits/shared_ptr.h>
#include <bits/unique_ptr.h>
#else
#include <memory>
#endif
