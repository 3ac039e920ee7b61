// Room: netpoll. See datagram_socket.hpp.

#include <weft/netpoll/datagram_socket.hpp>

#include <string>

#include <weft/netpoll/errc.hpp>

#include "direction_use.hpp"

namespace weft::net::detail {

void set_receive_deadline(const descriptor& of, deadline until, std::error_code& ec) noexcept {
  ec = set_deadline(of, direction::read, until);
}

void set_send_deadline(const descriptor& of, deadline until, std::error_code& ec) noexcept {
  ec = set_deadline(of, direction::write, until);
}

void fail_datagram(const char* type, const std::error_code& ec, const char* call) {
  throw_error(ec, (std::string(type) + "::" + call).c_str());
}

}  // namespace weft::net::detail
