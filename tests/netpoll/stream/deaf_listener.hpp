#pragma once
// Room: tests of netpoll. Addresses of this machine where nobody answers: one that refuses, and one that says nothing.

#include <cstdint>
#include <cstdlib>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weft/netpoll/endpoint.hpp>

namespace weft::testing {

// A port on which nobody listens: bound, so that nobody else gets it.
class silent_port {
 public:
  silent_port() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0) std::abort();
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~silent_port() { ::close(fd_); }
  [[nodiscard]] std::uint16_t number() const { return port_; }
  [[nodiscard]] net::endpoint address() const { return net::endpoint::v4({127, 0, 0, 1}, port_); }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

// A listener whose backlog is full: its system answers no further connection for seconds.
class deaf_listener {
 public:
  deaf_listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 0) != 0) std::abort();
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    for (int i = 0; i < 4; ++i) {
      peers_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      ::connect(peers_.back(), reinterpret_cast<sockaddr*>(&address), size);
    }
  }
  ~deaf_listener() {
    for (const int fd : peers_) ::close(fd);
    ::close(fd_);
  }
  [[nodiscard]] net::endpoint address() const { return net::endpoint::v4({127, 0, 0, 1}, port_); }

 private:
  int fd_;
  std::uint16_t port_ = 0;
  std::vector<int> peers_;
};

}  // namespace weft::testing
