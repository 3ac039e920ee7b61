// Room: tests of netpoll. tcp_listener: addresses, storms of resets, and running out of descriptors.

#include <weft/netpoll/tcp_listener.hpp>

#include <atomic>
#include <string>
#include <vector>

#include <sys/resource.h>

#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/clock_source.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/this_fiber.hpp>

#include <faults.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::tcp_listener;
using net::tcp_stream;

bool has_v6() {
  std::error_code ec;
  return static_cast<void>(net::listen("[::1]:0", ec)), !ec;
}

FIBER_TEST(tcp_listener, the_system_chooses_a_port) {
  auto listener = net::listen("127.0.0.1:0");
  EXPECT_NE(listener.local_address().port(), 0);
  EXPECT_EQ(listener.local_address().to_string().substr(0, 10), "127.0.0.1:");
}

FIBER_TEST(tcp_listener, of_any_address_serves_both_families) {
  auto listener = net::listen(":0");
  const std::uint16_t port = listener.local_address().port();
  auto client = net::dial(net::endpoint::v4({127, 0, 0, 1}, port));
  auto server = listener.accept();
  EXPECT_FALSE(server.remote_address().is_v6()) << server.remote_address();
  if (has_v6()) {
    auto other = net::dial("[::1]:" + std::to_string(port));
    EXPECT_TRUE(listener.accept().remote_address().is_v6());
  }
  auto here = net::dial(":" + std::to_string(port));
  EXPECT_TRUE(listener.accept().is_open());
}

FIBER_TEST(tcp_listener, of_v6_is_of_v6) {
  if (!has_v6()) GTEST_SKIP() << "this machine has no IPv6";
  auto [client, server] = connect("[::1]:0");
  EXPECT_TRUE(client.local_address().is_v6());
  client.write_all("six");
  char buf[3];
  server.read_exactly(buf);
  EXPECT_EQ(std::string_view(buf, 3), "six");
}

FIBER_TEST(tcp_listener, of_every_address_of_v6_alone_leaves_the_port_to_v4) {
  if (!has_v6()) GTEST_SKIP() << "this machine has no IPv6";
  auto six = net::listen(":0", {.v6_only = true});
  auto four = net::listen(net::endpoint::v4({127, 0, 0, 1}, six.local_address().port()));
  auto client = net::dial(four.local_address());
  EXPECT_FALSE(four.accept().remote_address().is_v6());
  auto other = net::dial("[::1]:" + std::to_string(six.local_address().port()));
  EXPECT_TRUE(six.accept().remote_address().is_v6());
}

FIBER_TEST(tcp_listener, of_a_name) {
  auto listener = net::listen("localhost:0");
  auto client = net::dial(listener.local_address());
  EXPECT_TRUE(listener.accept().is_open());
}

FIBER_TEST(tcp_listener, an_address_in_use_is_named) {
  auto first = net::listen("127.0.0.1:0");
  const std::string taken = first.local_address().to_string();
  try {
    static_cast<void>(net::listen(taken));
    ADD_FAILURE() << "two listeners on " << taken;
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), std::errc::address_in_use);
    EXPECT_NE(std::string(e.what()).find(taken), std::string::npos) << e.what();
  }
  std::error_code ec;
  EXPECT_FALSE(net::listen(taken, ec).is_open());
  EXPECT_EQ(ec, std::errc::address_in_use);
  first.close();
  EXPECT_TRUE(net::listen(taken).is_open()) << "the address is free again";
}

FIBER_TEST(tcp_listener, ports_are_shared_on_demand) {
  auto first = net::listen("127.0.0.1:0", {.reuse_port = true});
  auto second = net::listen(first.local_address(), {.reuse_port = true});
  EXPECT_EQ(first.local_address(), second.local_address());
}

FIBER_TEST(tcp_listener, nonsense_is_refused_by_name) {
  for (const char* text : {"", "80", "127.0.0.1", "127.0.0.1:99999", "[::1:80", "[nonsense]:1", "::1:80"}) {
    std::error_code ec;
    EXPECT_FALSE(net::listen(text, ec).is_open());
    EXPECT_EQ(ec, net::errc::invalid_address) << text;
    try {
      static_cast<void>(net::listen(text));
      ADD_FAILURE() << "listens on '" << text << "'";
    } catch (const std::system_error& e) {
      EXPECT_NE(std::string(e.what()).find("'" + std::string(text) + "'"), std::string::npos) << e.what();
    }
  }
}

FIBER_TEST(tcp_listener, several_accept_and_every_connection_is_served_once) {
  auto listener = net::listen("127.0.0.1:0");
  std::atomic<int> accepted{0};
  std::vector<join_handle<void>> accepting;
  for (int i = 0; i < 4; ++i) {
    accepting.push_back(spawn([&] {
      std::error_code ec;
      while (listener.accept(ec).is_open()) ++accepted;
    }));
  }
  std::vector<tcp_stream> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(net::dial(listener.local_address()));
  wait_until([&] { return accepted == 100; });
  listener.close();
  for (auto& each : accepting) each.join();
  EXPECT_EQ(accepted, 100);
}

// The echo server of the manual, beside a thousand peers that all reset their connections at once, three times over.
FIBER_TEST(tcp_listener, a_deadline_ends_an_accept_in_progress_and_those_to_come_until_it_is_cleared) {
  auto listener = net::listen("127.0.0.1:0");
  auto accepting = spawn([&listener] {
    std::error_code ec;
    (void)listener.accept(ec);
    return ec;
  });
  await_parked(1, "tcp accept");
  listener.set_deadline(tcp_listener::time_point::min());
  EXPECT_EQ(accepting.join(), std::errc::timed_out);
  auto client = net::dial(listener.local_address());
  EXPECT_THROW((void)listener.accept(), std::system_error) << "also if there is a connection";
  listener.set_deadline(tcp_listener::time_point::max());
  EXPECT_TRUE(listener.accept().is_open());
  listener.close();
  std::error_code ec;
  listener.set_deadline(tcp_listener::time_point::max(), ec);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
}

FIBER_TEST(tcp_listener, survives_a_thousand_resets_at_once_three_times) {
  auto listener = net::listen("127.0.0.1:0");
  auto server = spawn([&] { serve_echoes(listener); });
  const std::uint16_t port = listener.local_address().port();
  for (int round = 0; round < 3; ++round) {
    std::vector<int> peers;
    for (int i = 0; i < 1000; ++i) {
      const int fd = connect_plainly(port);
      ASSERT_GE(fd, 0);
      reset_on_close(fd);
      if (i % 2 == 0) {
        ASSERT_EQ(::send(fd, "hello", 5, MSG_NOSIGNAL), 5);
      }
      peers.push_back(fd);
    }
    for (const int fd : peers) ::close(fd);
    auto conn = net::dial(listener.local_address());
    conn.write_all("alive");
    char buf[5];
    conn.read_exactly(buf);
  }
  listener.close();
  server.join();
}

FIBER_TEST(tcp_listener, survives_peers_that_close_with_replies_unread) {
  auto listener = net::listen("127.0.0.1:0");
  auto server = spawn([&] { serve_echoes(listener); });
  for (int i = 0; i < 200; ++i) {
    auto conn = net::dial(listener.local_address());
    conn.write_all(std::string(20'000, 'x'));
    char buf[10];
    conn.read_exactly(buf);
  }
  auto conn = net::dial(listener.local_address());
  conn.write_all("alive");
  char buf[5];
  conn.read_exactly(buf);
  listener.close();
  server.join();
}

// Leaves the process a few descriptors, and gives the rest back at the end.
class descriptor_limit {
 public:
  explicit descriptor_limit(rlim_t spare) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);  // the lowest that is free
    ::close(next);
    rlimit low = before_;
    low.rlim_cur = static_cast<rlim_t>(next) + spare;
    ::setrlimit(RLIMIT_NOFILE, &low);
  }
  ~descriptor_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

FIBER_TEST(tcp_listener, out_of_descriptors_loses_no_connection) {
  auto listener = net::listen("127.0.0.1:0");
  const std::uint16_t port = listener.local_address().port();
  constexpr int k_connections = 40;
  std::vector<int> peers;
  for (int i = 0; i < k_connections; ++i) {
    peers.push_back(connect_plainly(port));
    ASSERT_GE(peers.back(), 0);
    ASSERT_EQ(::send(peers.back(), "x", 1, MSG_NOSIGNAL), 1);
  }
  std::atomic<int> served{0};
  {
    const descriptor_limit limit(4);
    auto server = spawn([&] {
      std::vector<tcp_stream> held;
      for (int i = 0; i < k_connections; ++i) {
        if (held.size() == 4) {
          // Somebody ends a conversation while the listener pauses.
          go([conn = std::move(held.front())]() mutable {
            await_parked(1, "tcp accept (out of descriptors)");
            conn.close();
          });
          held.erase(held.begin());
        }
        held.push_back(listener.accept());
        char buf[1];
        held.back().read_exactly(buf);
        ++served;
      }
    });
    server.join();
  }
  EXPECT_EQ(served, k_connections);
  for (const int fd : peers) ::close(fd);
}

class still_clock final : public weft::detail::clock_source {
 public:
  [[nodiscard]] std::int64_t now() const noexcept override { return 1; }
};

// With a clock that stands still no pause is ever over: what ends it is a descriptor that comes free, or the close.
TEST(tcp_listener, a_pause_ends_when_a_descriptor_is_closed_and_when_the_listener_is) {
  still_clock time;
  runtime rt(options{.workers = 2}, &time);
  rt.run([] {
    auto listener = net::listen("127.0.0.1:0");
    auto [client, server] = connect();
    const int peers[] = {connect_plainly(listener.local_address().port()),
                         connect_plainly(listener.local_address().port())};
    const descriptor_limit limit(0);
    const auto accept = [&listener] {
      std::error_code ec;
      static_cast<void>(listener.accept(ec));
      return ec;
    };
    auto first = spawn(accept);
    await_parked(1, "tcp accept (out of descriptors)");
    client.close();
    EXPECT_FALSE(first.join());
    const int taken = ::dup(0);
    auto second = spawn(accept);
    await_parked(1, "tcp accept (out of descriptors)");
    listener.close();
    EXPECT_EQ(second.join(), std::errc::operation_canceled);
    for (const int fd : {peers[0], peers[1], taken}) ::close(fd);
  });
}

FIBER_TEST(tcp_listener, a_pausing_listener_can_be_closed_and_cancelled) {
  auto listener = net::listen("127.0.0.1:0");
  const int peer = connect_plainly(listener.local_address().port());
  ASSERT_GE(peer, 0);
  const descriptor_limit limit(0);
  auto cancelled_one = spawn([&] { static_cast<void>(listener.accept()); });
  await_parked(1, "tcp accept (out of descriptors)");
  cancelled_one.request_stop();
  try {
    cancelled_one.join();
  } catch (...) {  // what join makes of a cancelled fiber is its own affair
  }
  auto closed_one = spawn([&] {
    std::error_code ec;
    static_cast<void>(listener.accept(ec));
    return ec;
  });
  await_parked(1, "tcp accept (out of descriptors)");
  listener.close();
  EXPECT_EQ(closed_one.join(), std::errc::operation_canceled);
  ::close(peer);
}

FIBER_TEST(tcp_listener, injected_shortages_and_broken_connections_lose_none) {
  auto listener = net::listen("127.0.0.1:0");
  std::vector<tcp_stream> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(net::dial(listener.local_address()));
  const net::detail::fault_injection faults(
      {.seed = seed_of_this_test(), .exhausted = 256, .aborted = 256, .unwatched = 256});
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(listener.accept().is_open());
  EXPECT_GT(faults.injected(net::detail::fault::exhausted), 0u);
  EXPECT_GT(faults.injected(net::detail::fault::aborted), 0u);
}

}  // namespace
}  // namespace weft::testing
