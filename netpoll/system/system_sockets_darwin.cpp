// Room: netpoll. See system_sockets.hpp.

#include "system_sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>

// no faults: those who call it draw them, by open_with.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace weft::net::detail {

namespace {

// no faults, here and below: whoever calls it draws them, by open_with.
// Three calls where others have flags: a child that is made in between by another thread inherits the descriptor,
// unless it is made by posix_spawn with POSIX_SPAWN_CLOEXEC_DEFAULT. Passes errors on.
int prepared(int fd) noexcept {
  if (fd < 0) return fd;
  const int yes = 1;
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  ::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes);
  return fd;
}

}  // namespace

// no faults: as above.
int new_socket(int family, int type, int protocol) noexcept { return prepared(::socket(family, type, protocol)); }

// no faults: as above.
int new_connection(int listener) noexcept { return prepared(::accept(listener, nullptr, nullptr)); }

// no faults: as above.
int new_pair(int family, int type, int (&ends)[2]) noexcept {
  if (::socketpair(family, type, 0, ends) < 0) return -1;
  for (const int end : ends) prepared(end);
  return 0;
}

option_name name_of(socket_option option) noexcept {
  static constexpr option_name k_names[] = {
      {SOL_SOCKET, SO_REUSEADDR},             // reuse_address
      {SOL_SOCKET, SO_REUSEPORT},             // reuse_port
      {IPPROTO_IPV6, IPV6_V6ONLY},            // v6_only
      {IPPROTO_TCP, TCP_NODELAY},             // no_delay
      {IPPROTO_TCP, option_name::k_unknown},  // quick_ack
      {SOL_SOCKET, SO_KEEPALIVE},             // keep_alive
      {IPPROTO_TCP, TCP_KEEPALIVE},           // keep_idle
      {IPPROTO_TCP, TCP_KEEPINTVL},           // keep_interval
      {IPPROTO_TCP, TCP_KEEPCNT},             // keep_count
      {IPPROTO_TCP, option_name::k_unknown},  // user_timeout
      {SOL_SOCKET, SO_RCVBUF},                // receive_buffer
      {SOL_SOCKET, SO_SNDBUF},                // send_buffer
      {IPPROTO_IP, option_name::k_needless},  // port_at_connect
  };
  return k_names[static_cast<std::size_t>(option)];
}

bool is_of_a_broken_connection(int error) noexcept {
  static constexpr int k_errors[] = {ECONNABORTED};
  return std::find(std::begin(k_errors), std::end(k_errors), error) != std::end(k_errors);
}

}  // namespace weft::net::detail
