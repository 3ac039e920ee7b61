// Room: netpoll. See udp_socket.hpp. How it is opened: udp_opening.cpp; several at once: udp_batches.cpp; settings and
// groups: udp_settings.cpp.

#include <weft/netpoll/udp_socket.hpp>

#include "datagram_io.hpp"
#include "socket_calls.hpp"
#include "udp_words.hpp"
#include "use_now.hpp"

namespace weft::net {

using detail::direction;
using detail::direction_use;

received_datagram udp_socket::take(std::span<std::byte> buffer, endpoint* from, std::error_code& ec) {
  detail::arrived got;
  {
    direction_use use(socket(), direction::read, "udp_socket::receive", detail::k_udp_receive);
    if (!(ec = use.error()))
      got = detail::receive_when_ready(use, ec, [&](int fd) { return detail::receive_udp(fd, buffer, from); });
  }
  detail::hear_out(ec);
  return got.datagram;
}

void udp_socket::put(std::span<const std::byte> bytes, const endpoint* to, std::error_code& ec) {
  const detail::socket_address name = to != nullptr ? detail::name_for(*to, is_v6_) : detail::socket_address();
  const sockaddr* const where = to != nullptr ? name.get() : nullptr;
  {
    direction_use use(socket(), direction::write, "udp_socket::send", detail::k_udp_send);
    if (!(ec = use.error()))
      detail::send_when_ready(use, detail::k_udp_without_buffers, ec, [&](int fd) {
        return detail::send_datagram(fd, bytes, where, where != nullptr ? name.size : 0);
      });
  }
  detail::hear_out(ec);
}

endpoint udp_socket::local_address(std::error_code& ec) const {
  return detail::use_now(socket(), ec, [&ec](int fd) { return detail::address_of(fd, ec); });
}

endpoint udp_socket::local_address() const {
  return or_throw("local_address", [&](std::error_code& ec) { return local_address(ec); });
}

endpoint udp_socket::remote_address(std::error_code& ec) const {
  return detail::use_now(socket(), ec, [&ec](int fd) { return detail::peer_address_of(fd, ec); });
}

endpoint udp_socket::remote_address() const {
  return or_throw("remote_address", [&](std::error_code& ec) { return remote_address(ec); });
}

}  // namespace weft::net
