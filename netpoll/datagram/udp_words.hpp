#pragma once
// Room: netpoll. How dumps call the waits of a udp_socket.

#include <weft/runtime/park.hpp>

namespace weft::net::detail {

inline constexpr weft::detail::wait_label k_udp_receive = "udp receive";
inline constexpr weft::detail::wait_label k_udp_send = "udp send";
inline constexpr weft::detail::wait_label k_udp_without_buffers = "udp send (no buffers)";

}  // namespace weft::net::detail
