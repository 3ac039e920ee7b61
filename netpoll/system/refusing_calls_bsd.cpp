// Room: netpoll. See refusing_calls.hpp. These systems have no such option.

#include "refusing_calls.hpp"

namespace weft::net::detail {

bool refuse_descriptors(int) noexcept { return false; }

}  // namespace weft::net::detail
