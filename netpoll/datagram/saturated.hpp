#pragma once
// Room: netpoll. A size in the system's int: what is too large for it is as large as can be.

#include <algorithm>
#include <climits>
#include <cstddef>

namespace weft::net::detail {

[[nodiscard]] inline int saturated(std::size_t bytes) noexcept {
  return static_cast<int>(std::min<std::size_t>(bytes, INT_MAX));
}

}  // namespace weft::net::detail
