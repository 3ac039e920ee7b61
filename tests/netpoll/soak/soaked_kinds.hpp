#pragma once
// Room: tests of netpoll. What the network soak is made of: who brings a kind of stream adds a lane for it here, and a
// line in k_soaked_kinds. What needs OpenSSL: tls_lanes.hpp.

#include <iterator>
#include <memory>
#include <utility>

#include <weft/netpoll/pipe.hpp>
#include <weft/netpoll/tcp.hpp>

#include "soak/accept_peer.hpp"
#include "soak/soaked_pair.hpp"
#include "soak/tls_lanes.hpp"

namespace weft::testing {

struct soaked_kind {
  const char* name;
  unsigned weight;            // its part of all connections
  int descriptors;            // of a pair
  soak_lane (*begin_lane)();  // on a fiber
};

inline soak_lane begin_tcp_lane() {
  auto listener = std::make_shared<net::tcp_listener>(net::listen("127.0.0.1:0"));
  return [listener, to = listener->local_address()] {
    auto far = std::make_shared<net::tcp_stream>(net::dial(to));
    net::tcp_stream near = accept_peer_of(*listener, *far);
    for (net::tcp_stream* each : {far.get(), &near}) {
      std::error_code ec;  // a size that the system does not take is no matter
      each->set_send_buffer(8192, ec);
    }
    const auto break_far = [far] {
      std::error_code ec;
      far->set_reset_on_close(true, ec);
      far->close();
    };
    return stream_pair{std::move(near), net::any_stream(std::ref(*far)), break_far};
  };
}

inline soak_lane begin_pipe_lane() {
  return [] {
    auto [near, held] = net::pipe({.buffer_size = 1000});
    auto far = std::make_shared<net::pipe_stream>(std::move(held));
    return stream_pair{std::move(near), net::any_stream(std::ref(*far)), [far] { far->close(); }};
  };
}

inline soak_lane begin_unix_lane() { return &make_unix_pair; }

inline constexpr soaked_kind k_soaked_kinds[] = {
    {"tcp", 8, 2, &begin_tcp_lane},         {"pipe", 8, 0, &begin_pipe_lane}, {"unix", 8, 2, &begin_unix_lane},
#if SOAK_HAS_TLS
    {"tls", 2, 2, &begin_tls_lane},          // a handshake costs as much as hundreds of reads
    {"proxied", 1, 4, &begin_proxied_lane},  // and here, six fibers
#endif
};
static_assert(std::size(k_soaked_kinds) <= k_most_soaked_kinds);

}  // namespace weft::testing
