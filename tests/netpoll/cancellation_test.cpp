// Room: tests of netpoll. Every wait of the room ends by cancellation, through the error_code forms too, and leaves
// nothing.

#include <string>

#include <support/fiber_test.hpp>
#include <weft/netpoll/signal_source.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/cancellation.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

// Runs f in a fiber of its own until it is parked on `what`, cancels it, and says whether weft::cancelled came out.
template <class F>
bool is_cancelled_in(std::string_view what, std::size_t others_parked_there, F f) {
  bool seen = false;
  auto handle = spawn([&] {
    try {
      f();
    } catch (const cancelled&) {
      seen = true;
      throw;
    }
  });
  await_parked(1 + others_parked_there, what);
  handle.request_stop();
  try {
    handle.join();
  } catch (...) {  // what join makes of a cancelled fiber is its own affair
  }
  return seen;
}

FIBER_TEST(net_cancellation, ends_a_read_and_the_stream_lives_on) {
  auto [client, server] = connect();
  char buf[8];
  std::error_code ec;
  EXPECT_TRUE(is_cancelled_in("tcp read", 0, [&, &server = server] { server.read_some(buf, ec); }));
  client.write_all("x");
  EXPECT_EQ(server.read_some(buf), 1u);
}

FIBER_TEST(net_cancellation, ends_a_write) {
  auto [client, server] = connect();
  const std::string data(64 << 20, 'x');
  EXPECT_TRUE(is_cancelled_in("tcp write", 0, [&, &client = client] { client.write_all(data); }));
}

FIBER_TEST(net_cancellation, ends_a_wait_for_a_turn_and_the_next_one_gets_it) {
  auto [client, server] = connect();
  auto& s = server;
  const auto read_one = [&s] {
    char buf[1];
    return s.read_some(buf);
  };
  auto holder = spawn(read_one);
  await_parked(1, "tcp read");
  EXPECT_TRUE(is_cancelled_in("tcp read", 1, read_one));
  auto next = spawn(read_one);
  await_parked(2, "tcp read");
  client.write_all("xy");
  EXPECT_EQ(holder.join(), 1u);
  EXPECT_EQ(next.join(), 1u);
}

FIBER_TEST(net_cancellation, ends_an_accept) {
  auto listener = net::listen("127.0.0.1:0");
  EXPECT_TRUE(is_cancelled_in("tcp accept", 0, [&] { static_cast<void>(listener.accept()); }));
  auto client = net::dial(listener.local_address());
  EXPECT_TRUE(listener.accept().is_open());
}

FIBER_TEST(net_cancellation, ends_a_wait_for_a_signal) {
  net::signal_source source{SIGUSR1};
  EXPECT_TRUE(is_cancelled_in("signal", 0, [&] { static_cast<void>(source.wait()); }));
}

FIBER_TEST(net_cancellation, the_end_of_the_runtime_ends_whoever_waits) {
  auto listener = net::listen("127.0.0.1:0");
  for (int i = 0; i < 10; ++i) {
    auto client = net::dial(listener.local_address());
    go([conn = listener.accept(), peer = std::move(client)]() mutable {
      char buf[8];
      conn.read_some(buf);
      ADD_FAILURE() << "nothing was sent";
    });
  }
  await_parked(10, "tcp read");
}

}  // namespace
}  // namespace weft::testing
