#pragma once
// Room: netpoll. Descriptors of any kind: what they are, and bytes without blocking, though the descriptor may be a
// blocking one: O_NONBLOCK belongs to the open description, which others have as well, and is left as it is. See
// syscalls.hpp for what all wrappers keep to.

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

#include "syscalls.hpp"

namespace weft::net::detail {

enum class descriptor_kind : std::uint8_t { socket, waiting, storage };  // storage: files, directories, disks
[[nodiscard]] descriptor_kind kind_of(int fd, std::error_code& ec) noexcept;

// Another number for the same open description, above those of standard input and output, closed by exec.
[[nodiscard]] opened duplicate(int fd) noexcept;

[[nodiscard]] bool is_for_writing_alone(int fd) noexcept;

// How to try without blocking.
enum class try_by : std::uint8_t {
  message,  // a socket: MSG_DONTWAIT
  flag,     // a pipe, a timer: no_wait_calls.hpp
  look,     // the rest, and all where there is no such flag: poll, then the call. If somebody else takes what poll saw
            // the call blocks its thread, until there is more
};

// `how` becomes `look` if this descriptor does not know the flag. A read or write of nothing must not be asked for.
// Writing never raises SIGPIPE.
[[nodiscard]] transferred read_now(int fd, std::span<const std::span<std::byte>> buffers, try_by& how) noexcept;
[[nodiscard]] transferred write_now(int fd, std::span<const std::span<const std::byte>> buffers, try_by& how) noexcept;

// Blocks its thread until one of them is readable; the others are set to -1.
void wait_for_readable(std::span<int> descriptors);

// Half-closes a socket; std::errc::not_a_socket for anything else.
[[nodiscard]] std::error_code end_writing_of(int fd) noexcept;

}  // namespace weft::net::detail
