#pragma once
// Room: netpoll. Many datagrams in one call, cut and joined by the kernel: UDP_SEGMENT and UDP_GRO, which are Linux's;
// elsewhere nothing is ever joined, and what is to be cut is refused.
// See syscalls.hpp for what all wrappers keep to.

#include <cstddef>
#include <span>

#include <sys/socket.h>

#include "syscalls.hpp"

namespace weft::net::detail {

// As many as one call may be cut into, and as many bytes.
inline constexpr std::size_t k_most_segments = 64;
inline constexpr std::size_t k_most_segmented_bytes = 65'000;

// Room beside a datagram for what the kernel says of its segments.
struct alignas(cmsghdr) segment_note {
  std::byte bytes[CMSG_SPACE(sizeof(int))];
};

// 0: it is one datagram.
[[nodiscard]] std::size_t segment_size_of(const msghdr& received, std::size_t count) noexcept;

// Several datagrams of one sender that came together may be received together. False: never, on this system.
bool coalesce_received(int fd) noexcept;

// As send_datagram, of several: each of `segment_size` bytes, the last one of what is left.
[[nodiscard]] transferred send_segments(int fd, std::span<const std::byte> bytes, std::size_t segment_size,
                                        const sockaddr* to, socklen_t size) noexcept;

// Why send_segments did not: it can be had datagram by datagram (no such kernel, a device that does not, pieces that
// are larger than a packet).
[[nodiscard]] bool is_unsegmented(const std::error_code& ec) noexcept;

}  // namespace weft::net::detail
