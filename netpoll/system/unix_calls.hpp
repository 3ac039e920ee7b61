#pragma once
// Room: netpoll. Unix sockets: made, bound, connected, asked and read. What is the same for every socket (listening,
// accepting, writing) is in socket_calls.hpp. See syscalls.hpp for what all wrappers keep to.

#include <cstddef>
#include <span>
#include <system_error>

#include "syscalls.hpp"
#include "unique_fd.hpp"
#include "unix_address.hpp"

namespace weft::net::detail {

enum class unix_kind : std::uint8_t { stream, datagram };

[[nodiscard]] opened open_unix_socket(unix_kind kind) noexcept;
[[nodiscard]] std::error_code open_unix_pair(unix_kind kind, unique_fd& first, unique_fd& second) noexcept;

[[nodiscard]] std::error_code bind_unix(int fd, const unix_address& address) noexcept;

// Never under way: std::errc::resource_unavailable_try_again if the listener's backlog is full, and then nothing tells
// when it is not.
[[nodiscard]] std::error_code connect_unix(int fd, const unix_address& address) noexcept;

[[nodiscard]] unix_address unix_address_of(int fd, std::error_code& ec) noexcept;
[[nodiscard]] unix_address unix_peer_address_of(int fd, std::error_code& ec) noexcept;

// As receive (socket_calls.hpp). A read stops behind bytes that came with descriptors, though there may be more: that
// is not drained. The descriptors themselves are closed.
[[nodiscard]] transferred receive_unix(int fd, std::span<std::byte> buffer) noexcept;
[[nodiscard]] transferred receive_unix(int fd, std::span<const std::span<std::byte>> buffers) noexcept;

}  // namespace weft::net::detail
