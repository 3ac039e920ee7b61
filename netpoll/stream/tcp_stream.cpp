// Room: netpoll. See tcp_stream.hpp. Reading and writing: socket_stream.cpp; the settings: tcp_settings.cpp.

#include <weft/netpoll/tcp_stream.hpp>

#include "socket_calls.hpp"
#include "stream_words.hpp"
#include "use_now.hpp"

namespace weft::net {

const detail::stream_words& tcp_stream::words() noexcept {
  static constexpr detail::stream_words k_words = {"tcp_stream",
                                                   "tcp_stream::read_some",
                                                   "tcp_stream::read_exactly",
                                                   "tcp_stream::write_all",
                                                   "tcp_stream::write_some",
                                                   "tcp read",
                                                   "tcp write",
                                                   "tcp_stream::read_chunk"};
  return k_words;
}

endpoint tcp_stream::local_address(std::error_code& ec) const {
  return detail::use_now(socket(), ec, [&ec](int fd) { return detail::address_of(fd, ec); });
}

endpoint tcp_stream::local_address() const {
  return or_throw("local_address", [&](std::error_code& ec) { return local_address(ec); });
}

endpoint tcp_stream::remote_address(std::error_code& ec) const {
  return detail::use_now(socket(), ec, [&ec](int fd) { return detail::peer_address_of(fd, ec); });
}

endpoint tcp_stream::remote_address() const {
  return or_throw("remote_address", [&](std::error_code& ec) { return remote_address(ec); });
}

}  // namespace weft::net
