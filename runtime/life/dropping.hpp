#pragma once
// Room: runtime. What the end of a handle asks when its fiber threw and nobody joined it: who hears of that? It stands
// here because it is asked here; who tells is dropped_exception.cpp, above.

#include <exception>

namespace weft::detail {

struct fiber_block;

// On the fiber or thread whose handle goes. Runs user code.
void tell_dropped_exception(const fiber_block& of, const std::exception_ptr& thrown) noexcept;

}  // namespace weft::detail
