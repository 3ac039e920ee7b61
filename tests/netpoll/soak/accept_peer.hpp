#pragma once
// Room: tests of netpoll. Who dials on purpose accepts himself, and nobody else.

#include <system_error>

#include <weft/netpoll/tcp.hpp>

namespace weft::testing {

inline net::endpoint peer_of(const net::tcp_stream& connected) {
  for (;;) {
    std::error_code ec;
    const net::endpoint peer = connected.remote_address(ec);
    if (!ec || ec == std::errc::not_connected) return peer;  // refused, as the faults are drawn: once more
  }
}

// A dial that failed half-way may have left a connection in the backlog: it is not the peer of the next one.
inline net::tcp_stream accept_peer_of(net::tcp_listener& listener, const net::tcp_stream& dialed) {
  const net::endpoint expected = dialed.local_address();
  for (;;) {
    net::tcp_stream accepted = listener.accept();
    if (peer_of(accepted) == expected) return accepted;
  }
}

}  // namespace weft::testing
