// Room: netpoll. See udp_socket.hpp: bind and connect.

#include <weft/netpoll/udp_socket.hpp>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/deadline.hpp>
#include <weft/runtime/poller.hpp>

#include "addresses.hpp"
#include "datagram_calls.hpp"
#include "direction_use.hpp"
#include "saturated.hpp"
#include "socket_calls.hpp"
#include "udp_segment_calls.hpp"

namespace weft::net {

using detail::socket_option;

namespace {

std::error_code prepare(int fd, const udp_options& options) {
  if (options.reuse_address)
    if (auto ec = detail::set_option(fd, socket_option::reuse_address, true)) return ec;
  if (options.reuse_port)
    if (auto ec = detail::set_option(fd, socket_option::reuse_port, true)) return ec;
  if (options.receive_buffer != 0)
    if (auto ec = detail::set_option(fd, socket_option::receive_buffer, detail::saturated(options.receive_buffer)))
      return ec;
  if (options.send_buffer != 0)
    if (auto ec = detail::set_option(fd, socket_option::send_buffer, detail::saturated(options.send_buffer))) return ec;
  if (options.coalesce) detail::coalesce_received(fd);  // without it they come one by one
  return {};
}

// `name` makes of the socket what it is to be.
template <class Name>
udp_socket open_udp(bool is_v6, const udp_options& options, std::error_code& ec, Name name) {
  const detail::opened opened = detail::open_udp_socket(is_v6);
  detail::unique_fd fd(opened.fd);
  ec = opened.error ? opened.error : prepare(fd.get(), options);
  if (!ec) ec = name(fd.get());
  if (ec) return {};
  return {detail::watch_descriptor(fd, true, ec), is_v6};
}

udp_socket bind_one(const endpoint& address, const udp_options& options, std::error_code& ec) {
  return open_udp(address.is_v6(), options, ec, [&](int fd) -> std::error_code {
    if (address.is_v6())
      if (auto failed = detail::set_option(fd, socket_option::v6_only, !address.is_unspecified())) return failed;
    return detail::bind_to(fd, address);
  });
}

udp_socket connect_one(const endpoint& address, const udp_options& options, std::error_code& ec) {
  return open_udp(address.is_v6(), options, ec, [&](int fd) -> std::error_code {
    if (options.local != endpoint())
      if (auto failed = detail::bind_to(fd, options.local)) return failed;
    return detail::start_connecting(fd, address);
  });
}

bool has_no_v6(const std::error_code& ec) noexcept {
  return ec == std::errc::address_family_not_supported || ec == std::errc::address_not_available;
}

// The first address that can be had, or the first error.
template <class Open>
udp_socket open_first(std::string_view text, detail::purpose what_for, std::error_code& ec, Open open) {
  std::error_code first;
  for (const endpoint& each : detail::addresses_of(text, what_for, deadline::never(), first)) {
    udp_socket opened = open(each, ec);
    if (!ec) return opened;
    if (!first) first = ec;
  }
  weft::detail::cancellation_point();  // "Ending together", cancellation.hpp
  ec = first;
  return {};
}

}  // namespace

// --- bind.

udp_socket udp_socket::bind(const endpoint& address, const udp_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::udp_socket::bind");
  udp_socket bound = bind_one(address, options, ec);
  if (has_no_v6(ec) && address.is_v6() && address.is_unspecified())
    return bind_one(endpoint::v4({}, address.port()), options, ec);
  return bound;
}

udp_socket udp_socket::bind(const endpoint& address, std::error_code& ec) { return bind(address, {}, ec); }

udp_socket udp_socket::bind(const endpoint& address, const udp_options& options) {
  std::error_code ec;
  udp_socket bound = bind(address, options, ec);
  if (ec) detail::throw_error(ec, "udp_socket::bind", address.to_string());
  return bound;
}

udp_socket udp_socket::bind(std::string_view address, const udp_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::udp_socket::bind");
  return open_first(address, detail::purpose::listening, ec,
                    [&](const endpoint& each, std::error_code& why) { return bind(each, options, why); });
}

udp_socket udp_socket::bind(std::string_view address, std::error_code& ec) { return bind(address, {}, ec); }

udp_socket udp_socket::bind(std::string_view address, const udp_options& options) {
  std::error_code ec;
  udp_socket bound = bind(address, options, ec);
  if (ec) detail::throw_address_error(ec, "udp_socket::bind", address);
  return bound;
}

// --- connect.

udp_socket udp_socket::connect(const endpoint& address, const udp_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::udp_socket::connect");
  return connect_one(address, options, ec);
}

udp_socket udp_socket::connect(const endpoint& address, std::error_code& ec) { return connect(address, {}, ec); }

udp_socket udp_socket::connect(const endpoint& address, const udp_options& options) {
  std::error_code ec;
  udp_socket connected = connect(address, options, ec);
  if (ec) detail::throw_error(ec, "udp_socket::connect", address.to_string());
  return connected;
}

udp_socket udp_socket::connect(std::string_view address, const udp_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::udp_socket::connect");
  return open_first(address, detail::purpose::dialing, ec,
                    [&](const endpoint& each, std::error_code& why) { return connect(each, options, why); });
}

udp_socket udp_socket::connect(std::string_view address, std::error_code& ec) { return connect(address, {}, ec); }

udp_socket udp_socket::connect(std::string_view address, const udp_options& options) {
  std::error_code ec;
  udp_socket connected = connect(address, options, ec);
  if (ec) detail::throw_address_error(ec, "udp_socket::connect", address);
  return connected;
}

}  // namespace weft::net
