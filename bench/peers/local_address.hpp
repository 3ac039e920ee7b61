#pragma once
// Room: bench. Sockets of the echo beyond TCP: "udp" is a port on the loopback, "unix" an abstract name with a number
// in it. Either is told by one number, which a server announces.

#include "listening.hpp"

#include <sys/un.h>

#include <cstddef>

namespace peers {

enum class transport { udp, local };

inline transport parse_transport(std::string_view text) {
  if (text == "udp") return transport::udp;
  if (text == "unix") return transport::local;
  throw std::invalid_argument("neither udp nor unix: '" + std::string(text) + "'");
}

inline std::string local_name(unsigned number) { return "weft-bench-" + std::to_string(number); }

struct any_address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

inline any_address address_of(transport kind, unsigned number) {
  any_address to;
  if (kind == transport::udp) {
    const sockaddr_in address = loopback(static_cast<std::uint16_t>(number));
    std::memcpy(&to.storage, &address, sizeof address);
    to.size = sizeof address;
    return to;
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = local_name(number);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  to.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  std::memcpy(&to.storage, &address, sizeof address);
  return to;
}

// flags: 0, or SOCK_NONBLOCK.
inline int open_socket(transport kind, int flags) {
  const int fd = kind == transport::udp ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | flags, 0)
                                        : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  must(fd >= 0, "socket");
  return fd;
}

}  // namespace peers
