#pragma once
// Room: netpoll. Datagrams, one at a time, and the sockets of UDP. Batches: batch_calls.hpp; options:
// udp_option_calls.hpp. See syscalls.hpp for what all wrappers keep to.

#include <cstddef>
#include <span>
#include <system_error>

#include <sys/socket.h>

#include <weft/netpoll/datagram.hpp>
#include <weft/netpoll/endpoint.hpp>

#include "socket_address.hpp"
#include "syscalls.hpp"

namespace weft::net::detail {

[[nodiscard]] opened open_udp_socket(bool v6) noexcept;

// One datagram, or an error.
struct arrived {
  received_datagram datagram;
  bool would_block = false;
  std::error_code error;
};

// `from`: whose address is wanted; may be null.
[[nodiscard]] arrived receive_udp(int fd, std::span<std::byte> buffer, endpoint* from) noexcept;
// The same of any family. `from` has room for `*size` bytes, which becomes its true size; both may be null. What comes
// beside the bytes (descriptors) is closed.
[[nodiscard]] arrived receive_datagram(int fd, std::span<std::byte> buffer, sockaddr* from, socklen_t* size) noexcept;

// All of it or nothing; count is that of its bytes. `to` null: the peer of a connected socket. Never raises SIGPIPE.
[[nodiscard]] transferred send_datagram(int fd, std::span<const std::byte> bytes, const sockaddr* to,
                                        socklen_t size) noexcept;

// How a socket of this family is told of an address: one of IPv6 takes IPv4 as ::ffff:1.2.3.4.
[[nodiscard]] socket_address name_for(const endpoint& to, bool v6_socket) noexcept;

// The kernel has no buffers; it may have some soon.
[[nodiscard]] bool is_out_of_buffers(const std::error_code& ec) noexcept;

}  // namespace weft::net::detail
