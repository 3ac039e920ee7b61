#pragma once
// Room: netpoll. Descriptors that travel over Unix sockets (SCM_RIGHTS). See syscalls.hpp for what all wrappers keep
// to.

#include <cstddef>
#include <span>

#include "syscalls.hpp"

namespace weft::net::detail {

// As many as the system takes with one message.
inline constexpr std::size_t k_most_descriptors = 253;

// As send (socket_calls.hpp). They go with the first byte: if any byte was sent, so were they, all of them. At least
// one byte and at most k_most_descriptors.
[[nodiscard]] transferred send_with_descriptors(int fd, std::span<const std::byte> bytes,
                                                std::span<const int> descriptors) noexcept;

struct received_with_descriptors {
  transferred bytes;
  std::size_t descriptors = 0;  // how many of `room` are set; they are close-on-exec, and the caller's
  bool were_dropped = false;    // there were more than that: no room, or the process has no more descriptors
};
// As receive_unix. `room`: at most k_most_descriptors.
[[nodiscard]] received_with_descriptors receive_with_descriptors(int fd, std::span<std::byte> bytes,
                                                                 std::span<int> room) noexcept;

}  // namespace weft::net::detail
