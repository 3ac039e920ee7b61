#pragma once
// Room: netpoll. What can be set of a UDP socket, for each family at once. See syscalls.hpp for what all wrappers keep
// to; what is the same for every socket is set_option's (socket_calls.hpp).

#include <cstdint>
#include <system_error>

#include <weft/netpoll/endpoint.hpp>

namespace weft::net::detail {

enum class udp_option : std::uint8_t {
  hop_limit,      // of what goes to one receiver
  traffic_class,  // TOS
  multicast_hop_limit,
  multicast_loop,       // 1 or 0
  multicast_interface,  // its index
};

// One of IPv6 that takes IPv4, too, has the option for both.
[[nodiscard]] std::error_code set_udp_option(int fd, bool v6_socket, udp_option option, int value) noexcept;

[[nodiscard]] std::error_code set_broadcast(int fd, bool on) noexcept;

// `interface`: its index; 0 lets the system choose.
[[nodiscard]] std::error_code join_group(int fd, const endpoint& group, std::uint32_t interface) noexcept;
[[nodiscard]] std::error_code leave_group(int fd, const endpoint& group, std::uint32_t interface) noexcept;

// 0, and an error, if there is none of that name.
[[nodiscard]] std::uint32_t interface_of(const char* name, std::error_code& ec) noexcept;

}  // namespace weft::net::detail
