#pragma once
// Room: tests of netpoll. The kinds of streams that keep the contract of the table in netpoll/README.md: who brings one
// adds a function that makes a connected pair, and a line in k_stream_kinds, and all of its tests run over it.

#include <cstddef>
#include <memory>
#include <utility>

#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/netpoll/unix_stream.hpp>
#include <weft/runtime/detail/functional.hpp>

#include "net_support.hpp"

namespace weft::testing {

struct stream_pair {
  net::any_stream near;
  net::any_stream far;
  std::function<void()> break_far;  // closes it so that the peer finds the stream broken; of some kinds that is close()
};

struct stream_kind {
  const char* name;
  const char* reading;  // what a dump says of who waits
  const char* writing;
  std::size_t much;  // more bytes than it takes without a reader
  stream_pair (*make)();
};

inline stream_pair make_tcp_pair() {
  auto [client, server] = connect();
  auto far = std::make_shared<net::tcp_stream>(std::move(client));
  // Not the receive buffers: TCP itself begins to crawl.
  for (net::tcp_stream* each : {far.get(), &server}) each->set_send_buffer(8192);
  const auto break_far = [far] {
    std::error_code ec;
    far->set_reset_on_close(true, ec);
    far->close();
  };
  return {std::move(server), net::any_stream(std::ref(*far)), break_far};
}

inline stream_pair make_pipe_pair() {
  auto [near, held] = net::pipe({.buffer_size = 5});
  auto far = std::make_shared<net::pipe_stream>(std::move(held));
  return {std::move(near), net::any_stream(std::ref(*far)), [far] { far->close(); }};
}

inline stream_pair make_unix_pair() {
  auto [near, held] = net::unix_stream::pair();
  auto far = std::make_shared<net::unix_stream>(std::move(held));
  return {std::move(near), net::any_stream(std::ref(*far)), [far] { far->close(); }};
}

inline constexpr stream_kind k_stream_kinds[] = {
    {"tcp", "tcp read", "tcp write", std::size_t{1} << 20, &make_tcp_pair},
    {"pipe", "pipe read", "pipe write", 100, &make_pipe_pair},
    {"unix", "unix read", "unix write", std::size_t{1} << 20, &make_unix_pair},
};

}  // namespace weft::testing
