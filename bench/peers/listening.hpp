#pragma once
// Room: bench. How the peers that use plain sockets begin: a listening socket on the loopback, announced on stdout as
// every server here announces itself, so that whoever drives them finds the port.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace peers {

inline unsigned parse_number(std::string_view text, unsigned most, const char* what) {
  unsigned value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || value > most)
    throw std::invalid_argument(std::string("not a ") + what + ": '" + std::string(text) + "'");
  return value;
}

// Whole, or with a fraction: 0.1
inline double parse_seconds(std::string_view text) {
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= 3600))
    throw std::invalid_argument("not a number of seconds: '" + std::string(text) + "'");
  return value;
}

inline std::uint16_t parse_port(std::string_view text) {
  return static_cast<std::uint16_t>(parse_number(text, 65535, "port"));
}

inline void must(bool well, const std::string& what) {
  if (!well) throw std::system_error(errno, std::generic_category(), what);
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline void announce(std::uint16_t port) { std::cout << "listening on 127.0.0.1:" << port << std::endl; }

inline void set_no_delay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// type: 0, or SOCK_NONBLOCK. 0 takes a free port, and says which.
inline int listen_quietly(std::uint16_t& port, int type) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type, 0);
  must(fd >= 0, "socket");
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = loopback(port);
  socklen_t length = sizeof address;
  const std::string where = "listen on 127.0.0.1:" + std::to_string(port);
  must(bind(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0, where);
  must(listen(fd, 4096) == 0, where);
  must(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0, where);
  port = ntohs(address.sin_port);
  return fd;
}

inline int listen_on(std::uint16_t port, int type) {
  const int fd = listen_quietly(port, type);
  announce(port);
  return fd;
}

}  // namespace peers
