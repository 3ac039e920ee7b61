// Room: tests of netpoll. Deadlines: they end waits in progress and to come, can be moved, and do no more than that.

#include <chrono>
#include <string>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/netpoll/tcp.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::tcp_stream;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

FIBER_TEST(deadline, ends_a_read_not_before_its_time) {
  auto [client, server] = connect();
  const auto until = clock::now() + 5ms;
  server.set_read_deadline(until);
  EXPECT_EQ(read_error(server), std::errc::timed_out);
  EXPECT_GE(clock::now(), until);
}

FIBER_TEST(deadline, is_so_long_from_now_as_well) {
  auto [client, server] = connect();
  const auto before = clock::now();
  server.set_read_deadline(2ms);
  EXPECT_EQ(read_error(server), std::errc::timed_out);
  EXPECT_GE(clock::now(), before + 2ms);
  server.set_deadline(std::chrono::hours::max());  // further away than any clock reaches
  client.write_all("x");
  char buf[8];
  EXPECT_EQ(server.read_some(buf), 1u);
  server.set_deadline(-1s);
  EXPECT_EQ(read_error(server), std::errc::timed_out);
  EXPECT_EQ(write_error(server), std::errc::timed_out);
  server.set_deadline(std::chrono::duration<double>(1e300));
  EXPECT_FALSE(write_error(server));
  auto listener = net::listen("127.0.0.1:0");
  listener.set_deadline(0s);
  EXPECT_THROW((void)listener.accept(), std::system_error);
}

FIBER_TEST(deadline, one_that_has_passed_refuses_even_what_is_there) {
  auto [client, server] = connect();
  client.write_all("data");
  char buf[8];
  EXPECT_EQ(server.read_some(std::span(buf, 1)), 1u);  // it has arrived
  server.set_read_deadline(clock::now());
  EXPECT_EQ(read_error(server), std::errc::timed_out);
  EXPECT_EQ(read_error(server), std::errc::timed_out);
  server.set_read_deadline(tcp_stream::time_point::max());
  EXPECT_EQ(server.read_some(buf), 3u);
}

FIBER_TEST(deadline, moved_to_the_past_ends_a_wait_in_progress) {
  auto [client, server] = connect();
  auto reader = spawn([&server = server] { return read_error(server); });
  await_parked(1, "tcp read");
  server.set_read_deadline(tcp_stream::time_point::min());
  EXPECT_EQ(reader.join(), std::errc::timed_out);
}

FIBER_TEST(deadline, moved_away_lets_a_wait_in_progress_go_on) {
  auto [client, server] = connect();
  server.set_read_deadline(clock::now() + 1h);
  auto reader = spawn([&server = server] {
    char buf[8];
    return server.read_some(buf);
  });
  await_parked(1, "tcp read");
  server.set_read_deadline(clock::now() + 2h);
  await_parked(1, "tcp read");
  server.set_read_deadline(tcp_stream::time_point::max());
  await_parked(1, "tcp read");
  client.write_all("x");
  EXPECT_EQ(reader.join(), 1u);
}

FIBER_TEST(deadline, of_the_other_direction_does_nothing) {
  auto [client, server] = connect();
  server.set_write_deadline(clock::now());
  client.write_all("x");
  char buf[8];
  EXPECT_EQ(server.read_some(buf), 1u);
  std::error_code ec;
  server.write_all("y", ec);
  EXPECT_EQ(ec, std::errc::timed_out);
}

FIBER_TEST(deadline, ends_a_write_and_tells_how_far_it_came) {
  auto [client, server] = connect();
  shrink_buffers(client.native_handle());
  const std::string data(8 << 20, 'x');
  client.set_write_deadline(clock::now() + 5ms);
  std::error_code ec;
  const std::size_t written = client.write_all(data, ec);
  EXPECT_EQ(ec, std::errc::timed_out);
  EXPECT_GT(written, 0u);
  EXPECT_LT(written, data.size());
  client.close();
  std::size_t arrived = 0;
  char buf[4096];
  while (const auto n = server.read_some(buf)) arrived += n;
  EXPECT_EQ(arrived, written);
}

FIBER_TEST(deadline, ends_those_who_wait_for_their_turn) {
  auto [client, server] = connect();
  std::vector<join_handle<std::error_code>> readers;
  for (int i = 0; i < 4; ++i) readers.push_back(spawn([&server = server] { return read_error(server); }));
  await_parked(4, "tcp read");
  server.set_deadline(clock::now());
  for (auto& each : readers) EXPECT_EQ(each.join(), std::errc::timed_out);
}

FIBER_TEST(deadline, races_data_and_loses_none) {
  for (int round = 0; round < 200; ++round) {
    auto [client, server] = connect();
    server.set_read_deadline(clock::now() + std::chrono::microseconds(round));
    auto writer = spawn([&client = client] { client.write_all("x"); });
    const std::error_code first = read_error(server);
    writer.join();
    if (!first) continue;
    ASSERT_EQ(first, std::errc::timed_out);
    server.set_read_deadline(tcp_stream::time_point::max());
    char buf[8];
    ASSERT_EQ(server.read_some(buf), 1u);
  }
}

FIBER_TEST(deadline, moved_by_many_at_once_ends_with_the_last) {
  auto [client, server] = connect();
  auto& s = server;
  auto reader = spawn([&s] { return read_error(s); });
  std::vector<join_handle<void>> movers;
  for (int i = 0; i < 8; ++i) {
    movers.push_back(spawn([&s] {
      for (int n = 0; n < 50; ++n) s.set_read_deadline(clock::now() + 1h);
    }));
  }
  for (auto& each : movers) each.join();
  await_parked(1, "tcp read");
  s.set_read_deadline(clock::now());
  EXPECT_EQ(reader.join(), std::errc::timed_out);
}

}  // namespace
}  // namespace weft::testing
