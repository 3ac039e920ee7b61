#pragma once
// Room: tests of netpoll. Connections to play with, peers that misbehave, and how a test knows that others wait.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <kqueue_emulation.hpp>
#include <support/wait_until.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/spawn.hpp>

namespace weft::testing {

// Returns once `n` fibers are parked on `what`.
inline void await_parked(std::size_t n, std::string_view what) {
  wait_until([=] {
    const process_snapshot now = snapshot();
    const auto waiting = std::count_if(now.fibers.begin(), now.fibers.end(), [what](const fiber_info& fiber) {
      return fiber.state == fiber_state::parked && fiber.waits_for == what;
    });
    return static_cast<std::size_t>(waiting) == n;
  });
}

struct connection {
  net::tcp_stream client;
  net::tcp_stream server;
};

inline connection connect(const char* address = "127.0.0.1:0") {
  auto listener = net::listen(address);
  auto client = net::dial(listener.local_address());
  return {std::move(client), listener.accept()};
}

// What a call says, and no more.
template <class Stream>
std::error_code read_error(Stream& s) {
  char buf[8];
  std::error_code ec;
  s.read_some(buf, ec);
  return ec;
}

template <class Stream>
std::error_code write_error(Stream& s) {
  std::error_code ec;
  s.write_all(std::string(100, 'x'), ec);
  return ec;
}

// Closing resets the connection instead of ending the stream.
inline void reset_on_close(int fd) {
  const linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

// First member or variable of who opens kqueues by hand: the last to go, it returns when none of them is left open.
struct kqueues_are_closed {
  kqueues_are_closed() = default;
  ~kqueues_are_closed() { net::detail::await_closed_kqueues(); }
  kqueues_are_closed(const kqueues_are_closed&) = delete;
  kqueues_are_closed& operator=(const kqueues_are_closed&) = delete;
};

// Small enough that writes are partial all the time; not so small that TCP itself begins to crawl.
inline void shrink_buffers(int fd) {
  const int small = 8192;
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
}

// A client of plain system calls, of the loopback device: connecting to a listener with room in its backlog does not
// block.
inline int connect_plainly(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) return fd;
  ::close(fd);
  return -1;
}

// Bytes that tell their own position, so that a lost, doubled or swapped piece shows.
inline std::vector<unsigned char> pattern(std::size_t size, std::uint64_t seed) {
  std::vector<unsigned char> bytes(size);
  std::uint64_t state = seed | 1;
  for (auto& each : bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    each = static_cast<unsigned char>(state >> 56);
  }
  return bytes;
}

// Serves echoes until the listener is closed.
inline void serve_echoes(net::tcp_listener& listener) {
  for (;;) {
    std::error_code ec;
    auto accepted = listener.accept(ec);
    if (ec) return;
    go([conn = std::move(accepted)]() mutable {
      char buf[4096];
      std::error_code error;
      while (const auto n = conn.read_some(buf, error)) {
        conn.write_all(std::span(buf, n), error);
        if (error) break;
      }
    });
  }
}

}  // namespace weft::testing
