// Room: tests of netpoll. Closing: whoever waits is woken, whoever comes later is refused, nobody meets another's
// descriptor.

#include <atomic>
#include <optional>
#include <vector>

#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::tcp_stream;
using namespace std::chrono_literals;

FIBER_TEST(close, wakes_a_blocked_read) {
  auto [client, server] = connect();
  auto reader = spawn([&server = server] { return read_error(server); });
  await_parked(1, "tcp read");
  server.close();
  EXPECT_EQ(reader.join(), std::errc::operation_canceled);
  EXPECT_EQ(read_error(server), std::errc::bad_file_descriptor);
}

FIBER_TEST(close, wakes_a_blocked_write) {
  auto [client, server] = connect();
  auto writer = spawn([&client = client] {
    const std::string data(64 << 20, 'x');
    std::error_code ec;
    const std::size_t n = client.write_all(data, ec);
    EXPECT_LT(n, data.size());
    return ec;
  });
  await_parked(1, "tcp write");
  client.close();
  EXPECT_EQ(writer.join(), std::errc::operation_canceled);
}

FIBER_TEST(close, wakes_those_who_wait_for_their_turn) {
  auto [client, server] = connect();
  std::vector<join_handle<std::error_code>> readers;
  for (int i = 0; i < 5; ++i) readers.push_back(spawn([&server = server] { return read_error(server); }));
  await_parked(5, "tcp read");
  server.close();
  for (auto& each : readers) EXPECT_EQ(each.join(), std::errc::operation_canceled);
}

FIBER_TEST(close, wakes_those_who_accept) {
  auto listener = net::listen("127.0.0.1:0");
  std::vector<join_handle<std::error_code>> accepting;
  for (int i = 0; i < 3; ++i) {
    accepting.push_back(spawn([&listener] {
      std::error_code ec;
      EXPECT_FALSE(listener.accept(ec).is_open());
      return ec;
    }));
  }
  await_parked(3, "tcp accept");
  listener.close();
  for (auto& each : accepting) EXPECT_EQ(each.join(), std::errc::operation_canceled);
  std::error_code ec;
  static_cast<void>(listener.accept(ec));
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
}

FIBER_TEST(close, twice_is_harmless) {
  auto [client, server] = connect();
  std::error_code ec;
  server.close(ec);
  EXPECT_FALSE(ec);
  server.close(ec);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  server.close();
  EXPECT_EQ(server.native_handle(), -1);
  EXPECT_THROW(server.shutdown_write(), std::system_error);
}

// A server that shuts down hurries its connections along, and some of them end just then.
template <class Stream>
void expect_deadlines_are_no_error(Stream& closed) {
  EXPECT_NO_THROW(closed.set_deadline(1s));
  EXPECT_NO_THROW(closed.set_read_deadline(1s));
  EXPECT_NO_THROW(closed.set_write_deadline(Stream::time_point::max()));
  std::error_code ec;
  closed.set_deadline(1s, ec);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
}

FIBER_TEST(close, a_deadline_set_after_it_is_an_error_for_who_asks_alone) {
  auto [client, server] = connect();
  server.close();
  expect_deadlines_are_no_error(server);
  auto [near, far] = net::pipe();
  near.close();
  expect_deadlines_are_no_error(near);
  tcp_stream none;
  expect_deadlines_are_no_error(none);
  auto listener = net::listen("127.0.0.1:0");
  listener.close();
  EXPECT_NO_THROW(listener.set_deadline(1s));
}

// A closed handle never reaches the descriptor that has its number, or the block that has its place, now.
FIBER_TEST(close, a_closed_handle_does_not_touch_its_successors) {
  auto [client, server] = connect();
  server.close();
  auto [other_client, other_server] = connect();
  other_client.write_all("theirs");
  EXPECT_EQ(read_error(server), std::errc::bad_file_descriptor);
  server.close();
  char buf[8];
  EXPECT_EQ(other_server.read_some(buf), 6u);
}

FIBER_TEST(close, races_a_read_that_is_about_to_park) {
  for (int round = 0; round < 300; ++round) {
    auto [client, server] = connect();
    std::atomic<bool> started{false};
    auto reader = spawn([&server = server, &started] {
      started = true;
      return read_error(server);
    });
    wait_until([&] { return started.load(); });
    if (round % 3 == 0) client.write_all("x");
    server.close();
    const std::error_code ec = reader.join();
    EXPECT_TRUE(!ec || ec == std::errc::operation_canceled || ec == std::errc::bad_file_descriptor) << ec.message();
  }
}

FIBER_TEST(close, races_events_deadlines_and_other_closers) {
  for (int round = 0; round < 200; ++round) {
    auto [client, server] = connect();
    auto& s = server;
    auto reader = spawn([&s] { return read_error(s); });
    auto writing = spawn([&client = client] {
      std::error_code ec;
      client.write_all("x", ec);
      client.close();
    });
    auto moving = spawn([&s] {
      std::error_code ec;
      s.set_deadline(std::chrono::steady_clock::now(), ec);
      s.set_deadline(tcp_stream::time_point::max(), ec);
    });
    auto closing = spawn([&s] { s.close(); });
    s.close();
    const std::error_code ec = reader.join();
    EXPECT_TRUE(!ec || ec == std::errc::operation_canceled || ec == std::errc::bad_file_descriptor ||
                ec == std::errc::timed_out)
        << ec.message();
    writing.join();
    moving.join();
    closing.join();
  }
}

FIBER_TEST(close, the_peer_sees_the_end_only_after_the_last_user_has_left) {
  auto [client, server] = connect();
  std::vector<join_handle<std::error_code>> readers;
  for (int i = 0; i < 3; ++i) readers.push_back(spawn([&server = server] { return read_error(server); }));
  await_parked(3, "tcp read");
  server.close();
  char buf[1];
  EXPECT_EQ(client.read_some(buf), 0u);
  for (auto& each : readers) each.join();
}

FIBER_TEST(close, destroying_ends_a_call_in_progress) {
  auto [client, server] = connect();
  std::optional<tcp_stream> owned(std::move(server));
  auto reader = spawn([&stream = *owned] { return read_error(stream); });
  await_parked(1, "tcp read");
  owned.reset();
  EXPECT_EQ(reader.join(), std::errc::operation_canceled);
}

TEST(close, a_stream_may_outlive_its_runtime) {
  tcp_stream kept;
  net::tcp_listener kept_listener;
  run([&] {
    auto [client, server] = connect();
    kept = std::move(server);
    kept_listener = net::listen("127.0.0.1:0");
  });
  EXPECT_TRUE(kept.is_open());
  run([&] {
    EXPECT_EQ(read_error(kept), std::errc::bad_file_descriptor) << "nobody polls for it any more";
    kept.close();
  });
  EXPECT_FALSE(kept.is_open());
}

TEST(close, the_end_of_a_runtime_wakes_others_who_wait_on_its_streams) {
  tcp_stream shared;
  std::optional<runtime> first(std::in_place, options{.workers = 1});
  first->run([&] {
    auto [client, server] = connect();
    shared = std::move(server);
    go([conn = std::move(client)]() mutable { read_error(conn); });
  });
  runtime second(options{.workers = 1});
  std::atomic<bool> woken{false};
  second.run([&] {
    go([&] {
      const std::error_code ec = read_error(shared);
      EXPECT_TRUE(!ec || ec == std::errc::operation_canceled) << ec.message();
      woken = true;
    });
    await_parked(2, "tcp read");
  });
  first.reset();
  second.run([&] { wait_until([&] { return woken.load(); }); });
}

}  // namespace
}  // namespace weft::testing
