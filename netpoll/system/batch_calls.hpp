#pragma once
// Room: netpoll. Several datagrams at once. See syscalls.hpp for what all wrappers keep to. In one call where the
// system has it (batch_calls_linux.cpp), one by one
// where it has not (batch_calls.cpp).

#include <cstddef>
#include <span>
#include <system_error>

#include <weft/netpoll/datagram.hpp>

namespace weft::net::detail {

// As many as one call takes.
inline constexpr std::size_t k_most_in_batch = 32;

// How many went well, from the first on; if none did, why.
struct batch_moved {
  std::size_t count = 0;
  bool drained = false;  // fewer than were asked for: the kernel's queue had no more at that moment
  bool would_block = false;
  std::error_code error;
};

// Fills the front of `batch`, of which it looks at k_most_in_batch. An error behind some that have come is the next
// call's; one by one it is lost, as a datagram may be.
[[nodiscard]] batch_moved receive_batch(int fd, std::span<incoming_datagram> batch) noexcept;
[[nodiscard]] batch_moved send_batch(int fd, bool v6_socket, std::span<const outgoing_datagram> batch) noexcept;

// One by one.
[[nodiscard]] batch_moved receive_each(int fd, std::span<incoming_datagram> batch) noexcept;
[[nodiscard]] batch_moved send_each(int fd, bool v6_socket, std::span<const outgoing_datagram> batch) noexcept;

}  // namespace weft::net::detail
