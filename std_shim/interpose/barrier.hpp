#pragma once
// std_shim, interpose: what others have to tell the barriers (barrier.cpp).

namespace weft::interpose {

// In the child of a fork, which has none of those who wait.
void forget_barriers() noexcept;

}  // namespace weft::interpose
