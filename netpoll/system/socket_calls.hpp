#pragma once
// Room: netpoll. Sockets: made, bound, connected, set, asked, read and written. See syscalls.hpp for what all wrappers
// keep to.

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

#include <weft/netpoll/endpoint.hpp>

#include "syscalls.hpp"

namespace weft::net::detail {

[[nodiscard]] opened open_tcp_socket(bool v6) noexcept;
[[nodiscard]] std::error_code bind_to(int fd, const endpoint& address) noexcept;
[[nodiscard]] std::error_code start_listening(int fd, int backlog) noexcept;

// std::errc::resource_unavailable_try_again if there is none.
[[nodiscard]] opened accept_one(int fd) noexcept;

// std::errc::operation_in_progress if it is under way: then wait until it is writable and ask pending_error.
[[nodiscard]] std::error_code start_connecting(int fd, const endpoint& address) noexcept;
[[nodiscard]] std::error_code pending_error(int fd) noexcept;

[[nodiscard]] endpoint address_of(int fd, std::error_code& ec) noexcept;
[[nodiscard]] endpoint peer_address_of(int fd, std::error_code& ec) noexcept;
[[nodiscard]] std::error_code shut_down_writing(int fd) noexcept;

enum class socket_option : std::uint8_t {
  reuse_address,
  reuse_port,
  v6_only,
  no_delay,
  quick_ack,
  keep_alive,
  keep_idle,      // s
  keep_interval,  // s
  keep_count,
  user_timeout,  // ms
  receive_buffer,
  send_buffer,
  port_at_connect,  // bind chooses an address alone, connect the port
};
// `value`: 1 or 0 where nothing else is said.
[[nodiscard]] std::error_code set_option(int fd, socket_option option, int value) noexcept;
[[nodiscard]] std::error_code set_reset_on_close(int fd, bool on) noexcept;

// --- Bytes. Never raise SIGPIPE.

[[nodiscard]] transferred receive(int fd, std::span<std::byte> buffer) noexcept;
[[nodiscard]] transferred receive(int fd, std::span<const std::span<std::byte>> buffers) noexcept;
[[nodiscard]] transferred send(int fd, std::span<const std::byte> buffer) noexcept;
[[nodiscard]] transferred send(int fd, std::span<const std::span<const std::byte>> buffers) noexcept;

// accept: a connection broke before it was accepted, and the next one may be fine.
[[nodiscard]] bool is_broken_connection(const std::error_code& ec) noexcept;

}  // namespace weft::net::detail
