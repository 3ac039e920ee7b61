// Room: netpoll. See udp_option_calls.hpp.

#include "udp_option_calls.hpp"

#include <net/if.h>
#include <netinet/in.h>

#include "calling.hpp"
#include "socket_address.hpp"

namespace weft::net::detail {

namespace {

constexpr int k_v4_names[] = {IP_TTL, IP_TOS, IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_MULTICAST_IF};
constexpr int k_v6_names[] = {IPV6_UNICAST_HOPS, IPV6_TCLASS, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP,
                              IPV6_MULTICAST_IF};

template <class Value>
std::error_code set(int fd, int level, int name, const Value& value) noexcept {
  return outcome([&] { return ::setsockopt(fd, level, name, &value, sizeof(value)); });
}

std::error_code set_v4(int fd, udp_option option, int value) noexcept {
  const int name = k_v4_names[static_cast<std::size_t>(option)];
  if (option != udp_option::multicast_interface) return set(fd, IPPROTO_IP, name, value);
  ip_mreqn by_index{};
  by_index.imr_ifindex = value;
  return set(fd, IPPROTO_IP, name, by_index);
}

std::error_code change_group(int fd, int name, const endpoint& group, std::uint32_t interface) noexcept {
  const socket_address address(group);
  group_req wanted{};
  wanted.gr_interface = interface != 0 ? interface : group.scope();
  std::memcpy(&wanted.gr_group, address.get(), address.size);
  return set(fd, group.is_v6() ? IPPROTO_IPV6 : IPPROTO_IP, name, wanted);
}

}  // namespace

std::error_code set_udp_option(int fd, bool v6_socket, udp_option option, int value) noexcept {
  if (!v6_socket) return set_v4(fd, option, value);
  if (auto ec = set(fd, IPPROTO_IPV6, k_v6_names[static_cast<std::size_t>(option)], value)) return ec;
  static_cast<void>(set_v4(fd, option, value));  // refused where it is of IPv6 alone
  return {};
}

std::error_code set_broadcast(int fd, bool on) noexcept { return set(fd, SOL_SOCKET, SO_BROADCAST, on ? 1 : 0); }

std::error_code join_group(int fd, const endpoint& group, std::uint32_t interface) noexcept {
  return change_group(fd, MCAST_JOIN_GROUP, group, interface);
}

std::error_code leave_group(int fd, const endpoint& group, std::uint32_t interface) noexcept {
  return change_group(fd, MCAST_LEAVE_GROUP, group, interface);
}

std::uint32_t interface_of(const char* name, std::error_code& ec) noexcept {
  const unsigned index = ::if_nametoindex(name);
  ec = index != 0 ? std::error_code() : last_error_code();
  return index;
}

}  // namespace weft::net::detail
