#pragma once
// Room: tls. The one system call of this room.

#include <cstddef>
#include <span>

namespace weft::tls::detail {

// What the system takes at once of a socket's last words: never waits, never raises SIGPIPE. 0 if it takes nothing.
[[nodiscard]] std::size_t offer_to_socket(int fd, std::span<const std::byte> bytes) noexcept;

}  // namespace weft::tls::detail
