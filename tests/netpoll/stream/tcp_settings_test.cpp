// Room: tests of netpoll. The settings of tcp_stream.

#include <weft/netpoll/tcp_stream.hpp>

#include <chrono>
#include <limits>

#include <netinet/tcp.h>

#include <support/fiber_test.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::tcp_stream;

int setting_of(const tcp_stream& stream, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  ::getsockopt(stream.native_handle(), level, name, &value, &size);
  return value;
}

FIBER_TEST(tcp_settings, begin_without_delay) {
  auto [client, server] = connect();
  EXPECT_NE(setting_of(client, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_NE(setting_of(server, IPPROTO_TCP, TCP_NODELAY), 0);
  server.set_no_delay(false);
  EXPECT_EQ(setting_of(server, IPPROTO_TCP, TCP_NODELAY), 0);
}

FIBER_TEST(tcp_settings, reach_the_system) {
  auto [client, server] = connect();
  EXPECT_EQ(setting_of(client, SOL_SOCKET, SO_KEEPALIVE), 0);
  client.set_keep_alive({.idle = std::chrono::seconds(7), .interval = std::chrono::seconds(0), .count = 3});
  EXPECT_NE(setting_of(client, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(setting_of(client, IPPROTO_TCP, TCP_KEEPIDLE), 7);
  EXPECT_EQ(setting_of(client, IPPROTO_TCP, TCP_KEEPINTVL), 1) << "rounded up";
  EXPECT_EQ(setting_of(client, IPPROTO_TCP, TCP_KEEPCNT), 3);
  client.set_keep_alive({.on = false});
  EXPECT_EQ(setting_of(client, SOL_SOCKET, SO_KEEPALIVE), 0);
  client.set_user_timeout(std::chrono::milliseconds(1500));
  EXPECT_EQ(setting_of(client, IPPROTO_TCP, TCP_USER_TIMEOUT), 1500);
  client.set_quick_ack(false);
  EXPECT_EQ(setting_of(client, IPPROTO_TCP, TCP_QUICKACK), 0);
  client.set_receive_buffer(20'000);
  client.set_send_buffer(30'000);
  EXPECT_EQ(setting_of(client, SOL_SOCKET, SO_RCVBUF), 40'000) << "doubled, as the manual says";
  EXPECT_EQ(setting_of(client, SOL_SOCKET, SO_SNDBUF), 60'000);
}

FIBER_TEST(tcp_settings, that_the_system_does_not_take_are_its_errors) {
  auto [client, server] = connect();
  std::error_code ec;
  client.set_keep_alive({.idle = std::chrono::hours(24 * 365)}, ec);
  EXPECT_EQ(ec, std::errc::invalid_argument);
  client.set_receive_buffer(std::numeric_limits<std::size_t>::max(), ec);
  EXPECT_FALSE(ec) << "as large as can be";
  client.close();
  client.set_user_timeout(std::chrono::milliseconds(1), ec);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
}

FIBER_TEST(tcp_settings, of_a_reset_on_close_are_heeded) {
  auto [client, server] = connect();
  client.set_reset_on_close(true);
  client.close();
  char buf[4];
  std::error_code ec;
  EXPECT_EQ(server.read_some(buf, ec), 0u);
  EXPECT_EQ(ec, std::errc::connection_reset);
}

}  // namespace
}  // namespace weft::testing
