#pragma once
// Room: runtime. A stack for who reads symbols and debug information, for dumps: a fiber's may be too small, so for a
// fiber it is that of a thread, made for it and waited for, worker and all (a dump does not park).
// Next: dump.cpp.

#include <functional>

namespace weft::detail {

// Throws what `f` throws. In place if no thread can be had.
void on_a_large_stack(const std::function<void()>& f);

}  // namespace weft::detail
