#pragma once
// Room: netpoll. Every system call of the room, and the only file that reads errno: it belongs to the thread, and a
// fiber may leave its thread between a call and a look at errno. Each wrapper is non-blocking or says otherwise,
// repeats what a signal interrupted, and returns the outcome as a value. Faults of tests come in here (faults.hpp).

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <sys/epoll.h>

#include <weft/netpoll/endpoint.hpp>
#include <weft/runtime/deadline.hpp>

namespace weft::net::detail {

// A descriptor, or an error; -1 if there is one.
struct opened {
  int fd = -1;
  std::error_code error;
};

// Bytes moved, or an error.
struct transferred {
  std::size_t count = 0;
  bool drained = false;  // less than was asked for: the kernel's queue had no more at that moment
  bool would_block = false;
  std::error_code error;
};

// --- Sockets.

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

// --- Readiness.

[[nodiscard]] opened open_epoll() noexcept;
[[nodiscard]] std::error_code watch(int epoll, int fd, std::uint32_t events, std::uint64_t key) noexcept;

// Blocks until there are events, or `until` has passed. Returns how many; fewer than there are, or none at all, is no
// error. Ends the process if the kernel will never answer: the descriptor is not the poller's any more.
[[nodiscard]] std::size_t wait_for_events(int epoll, std::span<epoll_event> events, deadline until) noexcept;

[[nodiscard]] opened open_event() noexcept;

// Async-signal-safe, and leaves errno as it was.
void raise_event(int fd) noexcept;

// --- Signals. sigaction.
[[nodiscard]] std::error_code change_signal_action(int signal, const struct sigaction& to,
                                                   struct sigaction& from) noexcept;

// --- The rest.

void close_descriptor(int fd) noexcept;

// Short of descriptors or memory: it may be better soon.
[[nodiscard]] bool is_exhaustion(const std::error_code& ec) noexcept;

// Blocks, perhaps for long.
[[nodiscard]] std::vector<endpoint> look_up(const std::string& host, const std::string& service, std::error_code& ec);

// accept: a connection broke before it was accepted, and the next one may be fine.
[[nodiscard]] bool is_broken_connection(const std::error_code& ec) noexcept;

}  // namespace weft::net::detail
