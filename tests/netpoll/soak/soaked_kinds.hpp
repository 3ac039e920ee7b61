#pragma once
// Room: tests of netpoll. What the network soak is made of: who brings a kind of stream adds a lane for it here, and a
// line in k_soaked_kinds.

#include <functional>
#include <memory>
#include <utility>

#include <weft/netpoll/pipe.hpp>
#include <weft/netpoll/tcp.hpp>

#include "contract/stream_kinds.hpp"

namespace weft::testing {

// Makes connected pairs, one after the other. Throws std::system_error if one cannot be had now.
using soak_lane = std::function<stream_pair()>;

struct soaked_kind {
  const char* name;
  int descriptors;            // of a pair
  soak_lane (*begin_lane)();  // on a fiber
};

// A dial that failed half-way may have left a connection in the backlog: it is not the peer of the next one.
inline net::tcp_stream accept_peer_of(net::tcp_listener& listener, const net::tcp_stream& dialed) {
  const net::endpoint expected = dialed.local_address();
  for (;;) {
    net::tcp_stream accepted = listener.accept();
    std::error_code ec;
    if (accepted.remote_address(ec) == expected && !ec) return accepted;
  }
}

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
    {"tcp", 2, &begin_tcp_lane},
    {"pipe", 0, &begin_pipe_lane},
    {"unix", 2, &begin_unix_lane},
};

}  // namespace weft::testing
