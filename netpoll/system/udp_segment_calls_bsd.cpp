// Room: netpoll. See udp_segment_calls.hpp. None of it is to be had here: callers go datagram by datagram.

#include "udp_segment_calls.hpp"

#include "calling.hpp"

namespace weft::net::detail {

std::size_t segment_size_of(const msghdr&, std::size_t) noexcept { return 0; }

bool coalesce_received(int) noexcept { return false; }

transferred send_segments(int, std::span<const std::byte>, std::size_t, const sockaddr*, socklen_t) noexcept {
  return {0, false, false, error_of(EOPNOTSUPP)};
}

bool is_unsegmented(const std::error_code& ec) noexcept { return ec == error_of(EOPNOTSUPP); }

}  // namespace weft::net::detail
