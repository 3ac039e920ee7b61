// Room: tests of netpoll. udp_socket: datagrams one by one, addresses, settings and groups.

#include <weft/netpoll/udp_socket.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <support/contains.hpp>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/manual_clock.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>

#include <faults.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::endpoint;
using net::udp_socket;

struct udp_pair {
  udp_socket server = udp_socket::bind("127.0.0.1:0");
  udp_socket client = udp_socket::connect(server.local_address());
};

bool has_udp_v6() {
  std::error_code ec;
  return static_cast<void>(udp_socket::bind("[::1]:0", ec)), !ec;
}

FIBER_TEST(udp_socket, what_is_sent_comes_with_its_sender_and_is_answered) {
  auto [server, client] = udp_pair();
  auto serving = spawn([&server = server] {
    char buf[64];
    endpoint from;
    const auto got = server.receive_from(buf, from);
    server.send_to(std::span(buf, got.count), from);
    return from;
  });
  await_parked(1, "udp receive");
  client.send("hello");
  char buf[64];
  const auto got = client.receive(buf);
  EXPECT_EQ(std::string(buf, got.count), "hello");
  EXPECT_EQ(got.size, 5u);
  EXPECT_FALSE(got.is_truncated());
  EXPECT_EQ(serving.join(), client.local_address());
  EXPECT_EQ(client.remote_address(), server.local_address());
  std::error_code ec;
  static_cast<void>(server.remote_address(ec));
  EXPECT_EQ(ec, std::errc::not_connected);
}

FIBER_TEST(udp_socket, one_of_no_bytes_is_a_datagram_and_one_that_is_too_large_is_cut_and_told) {
  auto [server, client] = udp_pair();
  client.send("");
  client.send(std::string(1000, 'x'));
  client.send("next");
  client.send("dropped");
  client.send("last");
  std::array<char, 10> buf;
  auto got = server.receive(buf);
  EXPECT_EQ(got.count, 0u);
  EXPECT_FALSE(got.is_truncated());
  got = server.receive(buf);
  EXPECT_EQ(got.count, 10u);
  EXPECT_EQ(got.size, 1000u);
  EXPECT_TRUE(got.is_truncated());
  EXPECT_EQ(server.receive(buf).count, 4u) << "the rest is lost, and the next one is whole";
  got = server.receive(std::span<char>());
  EXPECT_EQ(got.count, 0u);
  EXPECT_EQ(got.size, 7u) << "a buffer of no bytes takes one, too";
  EXPECT_EQ(server.receive(buf).count, 4u);
}

FIBER_TEST(udp_socket, a_connected_one_hears_that_nobody_is_there_and_lives_on) {
  auto [server, client] = udp_pair();
  const endpoint where = server.local_address();
  server.close();
  client.send("x");
  char buf[8];
  std::error_code ec;
  client.receive(buf, ec);
  EXPECT_EQ(ec, std::errc::connection_refused);
  server = udp_socket::bind(where);
  client.send("again");
  EXPECT_EQ(server.receive(buf).count, 5u);
}

FIBER_TEST(udp_socket, a_server_does_not_hear_of_those_who_left) {
  auto [server, client] = udp_pair();
  char buf[8];
  {
    auto gone = udp_socket::connect(server.local_address());
    gone.send("x");
  }
  endpoint from;
  server.receive_from(buf, from);
  for (int i = 0; i < 3; ++i) server.send_to("to nobody", from);
  auto serving = spawn([&server = server, &buf] { return server.receive(buf).count; });
  await_parked(1, "udp receive");
  client.send("alive");
  EXPECT_EQ(serving.join(), 5u);
}

// More than one edge's worth: each receive that finds one goes on without asking the poller.
FIBER_TEST(udp_socket, a_burst_comes_whole_and_in_order) {
  auto [server, client] = udp_pair();
  for (int round = 0; round < 20; ++round) {
    for (char c = 'a'; c < 'k'; ++c) client.send(std::string(1, c));
    for (char c = 'a'; c < 'k'; ++c) {
      char got[2];
      ASSERT_EQ(server.receive(got).count, 1u);
      EXPECT_EQ(got[0], c);
    }
  }
}

FIBER_TEST(udp_socket, of_any_address_serves_both_families) {
  auto server = udp_socket::bind(":0");
  const std::uint16_t port = server.local_address().port();
  auto client = udp_socket::bind("127.0.0.1:0");
  client.send_to("four", endpoint::v4({127, 0, 0, 1}, port));
  char buf[8];
  endpoint from;
  EXPECT_EQ(server.receive_from(buf, from).count, 4u);
  EXPECT_EQ(from, client.local_address()) << "told as what it is";
  server.send_to("back", from);
  EXPECT_EQ(client.receive(buf).count, 4u);
  if (!has_udp_v6()) GTEST_SKIP() << "this machine has no IPv6";
  auto six = udp_socket::connect("[::1]:" + std::to_string(port));
  six.send("6");
  EXPECT_EQ(server.receive_from(buf, from).count, 1u);
  EXPECT_TRUE(from.is_v6());
  server.send_to("back", from);
  EXPECT_EQ(six.receive(buf).count, 4u);
}

FIBER_TEST(udp_socket, names_and_nonsense) {
  auto server = udp_socket::bind("localhost:0");
  auto client = udp_socket::connect(server.local_address(), {.local = server.local_address().with_port(0)});
  EXPECT_TRUE(client.is_open());
  for (const char* text : {"", "80", "127.0.0.1:99999", "/run/socket"}) {
    std::error_code ec;
    EXPECT_FALSE(udp_socket::bind(text, ec).is_open());
    EXPECT_EQ(ec, net::errc::invalid_address) << text;
    EXPECT_FALSE(udp_socket::connect(text, ec).is_open());
    EXPECT_EQ(ec, net::errc::invalid_address) << text;
  }
  const std::string taken = server.local_address().to_string();
  try {
    static_cast<void>(udp_socket::bind(taken));
    ADD_FAILURE() << "two sockets on " << taken;
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), std::errc::address_in_use);
    EXPECT_NE(std::string(e.what()).find("udp_socket::bind '" + taken), std::string::npos) << e.what();
  }
  auto shared = udp_socket::bind("127.0.0.1:0", {.reuse_port = true});
  EXPECT_TRUE(udp_socket::bind(shared.local_address(), {.reuse_port = true}).is_open());
}

TEST(udp_socket, outside_a_runtime_is_refused) {
  EXPECT_THROW(static_cast<void>(udp_socket::bind("127.0.0.1:0")), std::logic_error);
}

FIBER_TEST(udp_socket, what_cannot_be_sent_is_told) {
  auto [server, client] = udp_pair();
  expect_error(std::errc::message_size, [&client = client] { client.send(std::string(70'000, 'x')); });
  expect_error(std::errc::destination_address_required, [&server = server] { server.send("to whom?"); });
  expect_error(std::errc::permission_denied, [&server = server] {
    server.send_to("x", endpoint::v4({255, 255, 255, 255}, 9));
  });
}

int setting_of_udp(const udp_socket& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  ::getsockopt(socket.native_handle(), level, name, &value, &size);
  return value;
}

FIBER_TEST(udp_socket, settings_reach_the_system_for_both_families) {
  for (const char* address : {"127.0.0.1:0", ":0"}) {
    auto socket = udp_socket::bind(address, {.receive_buffer = 20'000, .send_buffer = 30'000});
    EXPECT_EQ(setting_of_udp(socket, SOL_SOCKET, SO_RCVBUF), 40'000) << "doubled, as the manual says";
    EXPECT_EQ(setting_of_udp(socket, SOL_SOCKET, SO_SNDBUF), 60'000);
    socket.set_hop_limit(7);
    socket.set_traffic_class(0xb8);
    socket.set_multicast_hop_limit(3);
    socket.set_multicast_loop(false);
    socket.set_broadcast(true);
    EXPECT_EQ(setting_of_udp(socket, IPPROTO_IP, IP_TTL), 7);
    EXPECT_EQ(setting_of_udp(socket, IPPROTO_IP, IP_TOS), 0xb8);
    EXPECT_EQ(setting_of_udp(socket, IPPROTO_IP, IP_MULTICAST_TTL), 3);
    EXPECT_EQ(setting_of_udp(socket, IPPROTO_IP, IP_MULTICAST_LOOP), 0);
    EXPECT_EQ(setting_of_udp(socket, SOL_SOCKET, SO_BROADCAST), 1);
    if (!socket.local_address().is_v6()) continue;
    EXPECT_EQ(setting_of_udp(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 7);
    EXPECT_EQ(setting_of_udp(socket, IPPROTO_IPV6, IPV6_TCLASS), 0xb8);
    EXPECT_EQ(setting_of_udp(socket, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 3);
    EXPECT_EQ(setting_of_udp(socket, IPPROTO_IPV6, IPV6_MULTICAST_LOOP), 0);
  }
  auto [server, client] = udp_pair();
  expect_error(std::errc::invalid_argument, [&server = server] { server.set_hop_limit(1000); });
  server.close();
  expect_error(std::errc::bad_file_descriptor, [&server = server] { server.set_broadcast(true); });
}

std::uint32_t loopback_interface() {
  std::error_code ec;
  const std::uint32_t index = net::interface_index("lo", ec);
  return ec ? net::interface_index("lo0") : index;
}

FIBER_TEST(udp_socket, members_of_a_group_hear_what_is_sent_to_it_until_they_leave) {
  const std::uint32_t loopback = loopback_interface();
  const endpoint group = endpoint::v4({239, 255, 7, 1}, 0);
  auto member = udp_socket::bind("0.0.0.0:0", {.reuse_address = true});
  auto other = udp_socket::bind(member.local_address(), {.reuse_address = true});
  member.join_group(group, loopback);
  other.join_group(group, loopback);
  auto sender = udp_socket::bind("127.0.0.1:0");
  sender.set_multicast_interface(loopback);
  const endpoint everyone = group.with_port(member.local_address().port());
  sender.send_to("all", everyone);
  char buf[8];
  EXPECT_EQ(member.receive(buf).count, 3u);
  EXPECT_EQ(other.receive(buf).count, 3u);
  member.leave_group(group, loopback);
  expect_error(std::errc::address_not_available, [&] { member.leave_group(group, loopback); });
  expect_error(std::errc::invalid_argument, [&] { member.join_group(endpoint::v4({127, 0, 0, 1}, 0)); });
  std::error_code ec;
  EXPECT_EQ(net::interface_index("no such interface", ec), 0u);
  EXPECT_EQ(ec, std::errc::no_such_device);
}

// With a clock that stands still no pause is ever over.
TEST(udp_socket, without_buffers_a_send_pauses_until_it_is_closed_cancelled_or_there_are_some) {
  manual_clock time;
  runtime rt(options{.workers = 2}, &time);
  rt.run([&] {
    auto [server, client] = udp_pair();
    const auto send_one = [&client = client] {
      std::error_code ec;
      client.send("x", ec);
      return ec;
    };
    {
      const net::detail::fault_injection faults({.seed = seed_of_this_test(), .exhausted = 1024});
      auto cancelled_one = spawn(send_one);
      await_parked(1, "udp send (no buffers)");
      cancelled_one.request_stop();
      EXPECT_ANY_THROW(static_cast<void>(cancelled_one.join()));
      auto closed_one = spawn(send_one);
      await_parked(1, "udp send (no buffers)");
      client.close();
      EXPECT_EQ(closed_one.join(), std::errc::operation_canceled);
    }
    client = udp_socket::connect(server.local_address());
    std::optional<net::detail::fault_injection> faults(std::in_place, net::detail::fault_plan{.exhausted = 1024});
    auto late_one = spawn(send_one);
    await_parked(1, "udp send (no buffers)");
    faults.reset();
    time.advance(std::chrono::milliseconds(1), rt);
    EXPECT_FALSE(late_one.join());
    char got[2];
    EXPECT_EQ(server.receive(got).count, 1u);
  });
}

FIBER_TEST(udp_socket, faults_lose_none_on_the_way_out) {
  auto [server, client] = udp_pair();
  const net::detail::fault_injection faults({.seed = seed_of_this_test(), .interrupted = 200, .exhausted = 100});
  char buf[8];
  for (int i = 0; i < 40; ++i) {
    client.send("x");
    EXPECT_EQ(server.receive(buf).count, 1u);
  }
  EXPECT_GT(faults.injected(net::detail::fault::interrupted), 0u);
}

}  // namespace
}  // namespace weft::testing
