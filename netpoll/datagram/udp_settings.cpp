// Room: netpoll. See udp_socket.hpp: settings and groups.

#include <weft/netpoll/udp_socket.hpp>

#include <string>

#include <weft/netpoll/errc.hpp>

#include "saturated.hpp"
#include "socket_calls.hpp"
#include "udp_option_calls.hpp"
#include "use_now.hpp"

namespace weft::net {

using detail::socket_option;
using detail::udp_option;

namespace {

// The error of the call, or why there was none.
template <class Call>
void apply_to(const detail::descriptor& of, std::error_code& ec, Call call) {
  const std::error_code outcome = detail::use_now(of, ec, call);
  if (!ec) ec = outcome;
}

void apply_to(const detail::descriptor& of, bool is_v6, udp_option option, int value, std::error_code& ec) {
  apply_to(of, ec, [=](int fd) { return detail::set_udp_option(fd, is_v6, option, value); });
}

void resize(const detail::descriptor& of, socket_option buffer, std::size_t bytes, std::error_code& ec) {
  apply_to(of, ec, [=](int fd) { return detail::set_option(fd, buffer, detail::saturated(bytes)); });
}

}  // namespace

// --- Groups.

void udp_socket::join_group(const endpoint& group, std::uint32_t interface, std::error_code& ec) {
  apply_to(socket(), ec, [&](int fd) { return detail::join_group(fd, group, interface); });
}
void udp_socket::join_group(const endpoint& group, std::uint32_t interface) {
  or_throw("join_group", [&](std::error_code& ec) { join_group(group, interface, ec); });
}

void udp_socket::leave_group(const endpoint& group, std::uint32_t interface, std::error_code& ec) {
  apply_to(socket(), ec, [&](int fd) { return detail::leave_group(fd, group, interface); });
}
void udp_socket::leave_group(const endpoint& group, std::uint32_t interface) {
  or_throw("leave_group", [&](std::error_code& ec) { leave_group(group, interface, ec); });
}

void udp_socket::set_multicast_interface(std::uint32_t interface, std::error_code& ec) {
  apply_to(socket(), is_v6_, udp_option::multicast_interface, static_cast<int>(interface), ec);
}
void udp_socket::set_multicast_interface(std::uint32_t interface) {
  or_throw("set_multicast_interface", [&](std::error_code& ec) { set_multicast_interface(interface, ec); });
}

void udp_socket::set_multicast_hop_limit(int hops, std::error_code& ec) {
  apply_to(socket(), is_v6_, udp_option::multicast_hop_limit, hops, ec);
}
void udp_socket::set_multicast_hop_limit(int hops) {
  or_throw("set_multicast_hop_limit", [&](std::error_code& ec) { set_multicast_hop_limit(hops, ec); });
}

void udp_socket::set_multicast_loop(bool on, std::error_code& ec) {
  apply_to(socket(), is_v6_, udp_option::multicast_loop, on ? 1 : 0, ec);
}
void udp_socket::set_multicast_loop(bool on) {
  or_throw("set_multicast_loop", [&](std::error_code& ec) { set_multicast_loop(on, ec); });
}

// --- Settings.

void udp_socket::set_broadcast(bool on, std::error_code& ec) {
  apply_to(socket(), ec, [on](int fd) { return detail::set_broadcast(fd, on); });
}
void udp_socket::set_broadcast(bool on) {
  or_throw("set_broadcast", [&](std::error_code& ec) { set_broadcast(on, ec); });
}

void udp_socket::set_hop_limit(int hops, std::error_code& ec) {
  apply_to(socket(), is_v6_, udp_option::hop_limit, hops, ec);
}
void udp_socket::set_hop_limit(int hops) {
  or_throw("set_hop_limit", [&](std::error_code& ec) { set_hop_limit(hops, ec); });
}

void udp_socket::set_traffic_class(int value, std::error_code& ec) {
  apply_to(socket(), is_v6_, udp_option::traffic_class, value, ec);
}
void udp_socket::set_traffic_class(int value) {
  or_throw("set_traffic_class", [&](std::error_code& ec) { set_traffic_class(value, ec); });
}

void udp_socket::set_receive_buffer(std::size_t bytes, std::error_code& ec) {
  resize(socket(), socket_option::receive_buffer, bytes, ec);
}
void udp_socket::set_receive_buffer(std::size_t bytes) {
  or_throw("set_receive_buffer", [&](std::error_code& ec) { set_receive_buffer(bytes, ec); });
}

void udp_socket::set_send_buffer(std::size_t bytes, std::error_code& ec) {
  resize(socket(), socket_option::send_buffer, bytes, ec);
}
void udp_socket::set_send_buffer(std::size_t bytes) {
  or_throw("set_send_buffer", [&](std::error_code& ec) { set_send_buffer(bytes, ec); });
}

// --- Interfaces.

std::uint32_t interface_index(std::string_view name, std::error_code& ec) {
  return detail::interface_of(std::string(name).c_str(), ec);
}

std::uint32_t interface_index(std::string_view name) {
  std::error_code ec;
  const std::uint32_t index = interface_index(name, ec);
  if (ec) detail::throw_error(ec, "interface_index", "'" + std::string(name) + "'");
  return index;
}

}  // namespace weft::net
