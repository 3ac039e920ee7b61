#pragma once
// Room: netpoll. The end of a call on a descriptor, for those who hold no direction (any more). In descriptor.cpp.

#include "descriptor_block.hpp"

namespace weft::net::detail {

// "Taking turns", L3.
void leave(descriptor_block& block) noexcept;

// "Closing", C3: the caller is the last user.
void close_and_leave(descriptor_block& block) noexcept;

}  // namespace weft::net::detail
