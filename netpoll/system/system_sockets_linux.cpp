// Room: netpoll. See system_sockets.hpp.

#include "system_sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>

#include <netinet/in.h>
#include <netinet/tcp.h>

namespace weft::net::detail {

// no faults: whoever calls it draws them, by open_with.
int new_socket(int family, int type, int protocol) noexcept {
  return ::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

// no faults: whoever calls it draws them, by open_with.
int new_connection(int listener) noexcept {
  return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

// no faults: whoever calls it draws them, by open_with.
int new_pair(int family, int type, int (&ends)[2]) noexcept {
  return ::socketpair(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

option_name name_of(socket_option option) noexcept {
  static constexpr option_name k_names[] = {
      {SOL_SOCKET, SO_REUSEADDR},             // reuse_address
      {SOL_SOCKET, SO_REUSEPORT},             // reuse_port
      {IPPROTO_IPV6, IPV6_V6ONLY},            // v6_only
      {IPPROTO_TCP, TCP_NODELAY},             // no_delay
      {IPPROTO_TCP, TCP_QUICKACK},            // quick_ack
      {SOL_SOCKET, SO_KEEPALIVE},             // keep_alive
      {IPPROTO_TCP, TCP_KEEPIDLE},            // keep_idle
      {IPPROTO_TCP, TCP_KEEPINTVL},           // keep_interval
      {IPPROTO_TCP, TCP_KEEPCNT},             // keep_count
      {IPPROTO_TCP, TCP_USER_TIMEOUT},        // user_timeout
      {SOL_SOCKET, SO_RCVBUF},                // receive_buffer
      {SOL_SOCKET, SO_SNDBUF},                // send_buffer
      {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT},  // port_at_connect
  };
  return k_names[static_cast<std::size_t>(option)];
}

bool is_of_a_broken_connection(int error) noexcept {
  // What accept(2) says to treat as "try again": errors that are pending on the new connection.
  static constexpr int k_errors[] = {ECONNABORTED, EPROTO,       ENETDOWN,    ENOPROTOOPT, EHOSTDOWN,
                                     ENONET,       EHOSTUNREACH, ENETUNREACH, EPERM,       ETIMEDOUT};
  return std::find(std::begin(k_errors), std::end(k_errors), error) != std::end(k_errors);
}

}  // namespace weft::net::detail
