#pragma once
// Room: netpoll. An endpoint in the form that the system wants, and back.

#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

#include <weft/netpoll/endpoint.hpp>

namespace weft::net::detail {

struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  socket_address() noexcept = default;

  explicit socket_address(const endpoint& e) noexcept {
    if (e.is_v6()) {
      sockaddr_in6 address{};
      address.sin6_family = AF_INET6;
      address.sin6_port = htons(e.port());
      address.sin6_scope_id = e.scope();
      std::memcpy(&address.sin6_addr, e.bytes().data(), 16);
      store(address);
    } else {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(e.port());
      std::memcpy(&address.sin_addr, e.bytes().data(), 4);
      store(address);
    }
  }

  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }

 private:
  template <class Address>
  void store(const Address& address) noexcept {
    std::memcpy(&storage, &address, sizeof(address));
    size = sizeof(address);
  }
};

// An IPv4 address that a socket of both families tells as ::ffff:1.2.3.4 comes back as what it is. One that is of
// neither family comes back as the empty endpoint.
[[nodiscard]] inline endpoint endpoint_from(const sockaddr* address) noexcept {
  if (address->sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, address, sizeof(in));
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
    return endpoint::v4(bytes, ntohs(in.sin_port));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, address, sizeof(in));
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr))
      return endpoint::v4({bytes[12], bytes[13], bytes[14], bytes[15]}, ntohs(in.sin6_port));
    return endpoint::v6(bytes, ntohs(in.sin6_port), in.sin6_scope_id);
  }
  return {};
}

}  // namespace weft::net::detail
