#pragma once
// Room: netpoll. Linux alone: bytes of a file to a socket, without passing through this process. See syscalls.hpp for
// what all wrappers keep to.

#include <cstddef>
#include <cstdint>
#include <system_error>

#include <weft/netpoll/detail/page_cache.hpp>

#include "syscalls.hpp"

namespace weft::net::detail {

// May block its thread for the disk, and never for the socket. Never raises SIGPIPE. At the end of the file: 0.
[[nodiscard]] transferred send_file(int socket, int file, std::int64_t position, std::size_t most) noexcept;

// Not for this kind of file, or of socket.
[[nodiscard]] bool is_unsendable(const std::error_code& ec) noexcept;

}  // namespace weft::net::detail
