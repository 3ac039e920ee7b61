#pragma once
// Room: netpoll. Linux alone: bytes from one socket to another by way of a pipe, without passing through this process.
// See syscalls.hpp for what all wrappers keep to.

#include <cstddef>
#include <system_error>

#include "syscalls.hpp"

namespace weft::net::detail {

// The two ends of a pipe, non-blocking; as large as a user without privileges may have one, if the system lets him.
// Both -1, or none.
struct splice_ends {
  int out = -1;
  int in = -1;
};
[[nodiscard]] std::error_code open_splice_pipe(splice_ends& ends) noexcept;

// What open_splice_pipe asks for, in bytes.
inline constexpr std::size_t k_splice_pipe_size = std::size_t{1} << 20;

// Into an empty pipe. Fewer bytes than asked for say nothing about the socket: the pipe takes so many pieces of
// packets.
[[nodiscard]] transferred splice_from_socket(int socket, int pipe, std::size_t most) noexcept;

// Never raises SIGPIPE. `most`: no more than there is in the pipe.
[[nodiscard]] transferred splice_to_socket(int pipe, int socket, std::size_t most) noexcept;

// Not for this kind of descriptor.
[[nodiscard]] bool is_unspliceable(const std::error_code& ec) noexcept;

}  // namespace weft::net::detail
