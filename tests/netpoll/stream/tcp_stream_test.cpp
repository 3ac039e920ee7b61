// Room: tests of netpoll. tcp_stream: bytes arrive, all of them, in order; streams end as they should.

#include <weft/netpoll/tcp_stream.hpp>

#include <array>
#include <atomic>
#include <csignal>
#include <string>
#include <vector>

#include <sys/ioctl.h>

#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/runtime/this_fiber.hpp>

#include <descriptor_block.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::tcp_stream;

FIBER_TEST(tcp_stream, an_echo_comes_back) {
  auto listener = net::listen("127.0.0.1:0");
  auto server = spawn([&] { serve_echoes(listener); });
  auto conn = net::dial(listener.local_address());
  for (int i = 0; i < 200; ++i) {
    const std::string sent = "message " + std::to_string(i);
    conn.write_all(sent);
    std::string got(sent.size(), '\0');
    conn.read_exactly(got);
    ASSERT_EQ(got, sent);
  }
  listener.close();
  server.join();
}

FIBER_TEST(tcp_stream, many_connections_echo_at_once) {
  auto listener = net::listen("127.0.0.1:0");
  auto server = spawn([&] { serve_echoes(listener); });
  std::vector<join_handle<bool>> clients;
  for (std::uint64_t i = 0; i < 64; ++i) {
    clients.push_back(spawn([&listener, i] {
      auto conn = net::dial(listener.local_address());
      for (std::uint64_t round = 0; round < 20; ++round) {
        const auto sent = pattern(1 + (i * 37 + round * 101) % 3000, i * 1000 + round);
        conn.write_all(sent);
        std::vector<unsigned char> got(sent.size());
        conn.read_exactly(got);
        if (got != sent) return false;
      }
      return true;
    }));
  }
  for (auto& each : clients) EXPECT_TRUE(each.join());
  listener.close();
  server.join();
}

FIBER_TEST(tcp_stream, megabytes_pass_through_tiny_buffers) {
  auto [client, server] = connect();
  shrink_buffers(client.native_handle());
  shrink_buffers(server.native_handle());
  const auto sent = pattern(2 << 20, seed_of_this_test());
  auto writer = spawn([&sent, &client = client] {
    client.write_all(sent);
    client.shutdown_write();
  });
  std::vector<unsigned char> got;
  std::array<unsigned char, 5000> buffer;
  while (const auto n = server.read_some(buffer))
    got.insert(got.end(), buffer.begin(), buffer.begin() + static_cast<long>(n));
  writer.join();
  EXPECT_EQ(got.size(), sent.size());
  EXPECT_TRUE(got == sent);
}

FIBER_TEST(tcp_stream, both_directions_at_once) {
  auto [client, server] = connect();
  shrink_buffers(client.native_handle());
  shrink_buffers(server.native_handle());
  const auto data = pattern(300'000, seed_of_this_test());
  std::vector<unsigned char> at_client(data.size());
  std::vector<unsigned char> at_server(data.size());
  auto a = spawn([&data, &client = client] { client.write_all(data); });
  auto b = spawn([&data, &server = server] { server.write_all(data); });
  auto c = spawn([&at_client, &client = client] { client.read_exactly(at_client); });
  server.read_exactly(at_server);
  a.join();
  b.join();
  c.join();
  EXPECT_TRUE(at_client == data);
  EXPECT_TRUE(at_server == data);
}

FIBER_TEST(tcp_stream, the_end_of_the_stream_is_0_again_and_again) {
  auto [client, server] = connect();
  client.write_all("last words");
  client.close();
  char buf[64];
  std::error_code ec = std::make_error_code(std::errc::io_error);
  EXPECT_EQ(server.read_some(buf, ec), 10u);
  EXPECT_FALSE(ec);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(server.read_some(buf), 0u);
}

FIBER_TEST(tcp_stream, a_parked_read_sees_the_end) {
  auto [client, server] = connect();
  auto reader = spawn([&server = server] {
    char buf[8];
    return server.read_some(buf);
  });
  await_parked(1, "tcp read");
  client.close();
  EXPECT_EQ(reader.join(), 0u);
}

FIBER_TEST(tcp_stream, half_closed_still_reads) {
  auto [client, server] = connect();
  client.write_all("question");
  client.shutdown_write();
  auto answering = spawn([&server = server] {
    std::string question;
    char buf[3];
    while (const auto n = server.read_some(buf)) question.append(buf, n);
    server.write_all("answer to " + question);
    server.close();
  });
  std::string answer;
  char buf[64];
  while (const auto n = client.read_some(buf)) answer.append(buf, n);
  EXPECT_EQ(answer, "answer to question");
  answering.join();
  std::error_code ec;
  client.write_all("more", ec);
  EXPECT_EQ(ec, std::errc::broken_pipe);
}

FIBER_TEST(tcp_stream, read_exactly_cut_short_is_the_end_of_the_stream) {
  auto [client, server] = connect();
  client.write_all("abc");
  client.shutdown_write();
  char buf[4] = {};
  std::error_code ec;
  EXPECT_EQ(server.read_exactly(buf, ec), 3u);
  EXPECT_EQ(ec, net::errc::end_of_stream);
  EXPECT_EQ(std::string_view(buf, 3), "abc");
  try {
    server.read_exactly(buf);
    ADD_FAILURE() << "read_exactly read nothing, and was content";
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), net::errc::end_of_stream);
    EXPECT_NE(std::string_view(e.what()).find("tcp_stream::read_exactly"), std::string_view::npos) << e.what();
  }
}

FIBER_TEST(tcp_stream, gathers_and_scatters) {
  auto [client, server] = connect();
  const auto a = std::as_bytes(std::span("one "));
  const auto b = std::as_bytes(std::span("two"));
  const std::array<std::span<const std::byte>, 4> out{a.first(4), std::span<const std::byte>(), b.first(3),
                                                      std::span<const std::byte>()};
  EXPECT_EQ(client.write_some(out), 7u);
  char head[2];
  char tail[16];
  const std::array<std::span<std::byte>, 3> in{std::as_writable_bytes(std::span(head)), std::span<std::byte>(),
                                               std::as_writable_bytes(std::span(tail))};
  EXPECT_EQ(server.read_some(in), 7u);
  EXPECT_EQ(std::string_view(head, 2), "on");
  EXPECT_EQ(std::string_view(tail, 5), "e two");
}

FIBER_TEST(tcp_stream, more_buffers_than_one_call_takes) {
  auto [client, server] = connect();
  const auto data = pattern(1000, seed_of_this_test());
  std::vector<std::span<const std::byte>> pieces;
  for (std::size_t i = 0; i < 100; ++i) pieces.push_back(std::as_bytes(std::span(data)).subspan(i * 10, 10));
  std::size_t written = 0;
  std::span<const std::span<const std::byte>> left(pieces);
  while (written < 1000) {
    const std::size_t n = client.write_some(left);
    ASSERT_GT(n, 0u);
    ASSERT_EQ(n % 10, 0u);
    written += n;
    left = left.subspan(n / 10);
  }
  std::vector<unsigned char> got(1000);
  server.read_exactly(got);
  EXPECT_TRUE(got == data);
}

FIBER_TEST(tcp_stream, text_is_written_without_its_zero) {
  auto [client, server] = connect();
  client.write_all("text");
  client.write_all(std::string("string"));
  client.write_all(std::string_view("view"));
  const char array[] = {'c', 'h'};
  client.write_all(std::string_view(array, 2));
  const std::array<unsigned char, 2> bytes{0, 255};
  client.write_all(bytes);
  client.close();
  std::string got;
  char buf[64];
  while (const auto n = server.read_some(buf)) got.append(buf, n);
  EXPECT_EQ(got, std::string("textstringviewch\0\xff", 18));
}

FIBER_TEST(tcp_stream, empty_buffers_transfer_nothing_and_do_not_wait) {
  auto [client, server] = connect();
  std::vector<char> nothing;
  EXPECT_EQ(server.read_some(nothing), 0u);
  EXPECT_EQ(server.read_some(std::span<const std::span<std::byte>>()), 0u);
  EXPECT_EQ(client.write_some(nothing), 0u);
  client.write_all("");
  server.read_exactly(nothing);
}

bool is_pending(int signal) {
  sigset_t pending;
  ::sigpending(&pending);
  return sigismember(&pending, signal) == 1;
}

FIBER_TEST(tcp_stream, a_broken_pipe_raises_no_signal) {
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGPIPE, nullptr, &before), 0);
  ASSERT_EQ(before.sa_handler, SIG_DFL) << "the signal would go unnoticed";
  auto [client, server] = connect();
  server.close();
  std::error_code ec;
  const std::string data(100'000, 'x');
  while (!ec) client.write_all(data, ec);
  EXPECT_TRUE(ec == std::errc::broken_pipe || ec == std::errc::connection_reset) << ec.message();
  // Workers block the signal, so that one that was raised would be pending on the thread that made the call.
  EXPECT_EQ(client.write_some(data, ec), 0u);
  EXPECT_FALSE(is_pending(SIGPIPE));
  EXPECT_EQ(ec, std::errc::broken_pipe);
  const std::array pieces{std::as_bytes(std::span(data))};
  EXPECT_EQ(client.write_some(pieces, ec), 0u);
  EXPECT_FALSE(is_pending(SIGPIPE));
  EXPECT_EQ(ec, std::errc::broken_pipe);
}

FIBER_TEST(tcp_stream, a_reset_is_an_error_and_no_end) {
  auto [client, server] = connect();
  auto reader = spawn([&server = server] {
    char buf[8];
    std::error_code ec;
    server.read_some(buf, ec);
    return ec;
  });
  await_parked(1, "tcp read");
  reset_on_close(client.native_handle());
  client.close();
  EXPECT_EQ(reader.join(), std::errc::connection_reset);
}

bool reading_is_ready(const tcp_stream& stream) {
  using namespace net::detail;
  bool is_ready = false;
  descriptors.for_each([&](descriptor_block& block) {
    if (!block.use.is_closed() && block.fd == stream.native_handle())
      is_ready = readiness::is_ready(block.readiness_of(direction::read).prepare());
  });
  return is_ready;
}

// A read stops short of an urgent byte though there is more behind it, and no edge will follow.
FIBER_TEST(tcp_stream, an_urgent_byte_does_not_stall_what_is_behind_it) {
  auto [other_client, other_server] = connect();
  auto somebody_waits = spawn([&stream = other_server] {  // so that busy workers look into the poller
    char buf[1];
    return stream.read_some(buf);
  });
  auto [client, server] = connect();
  char buf[64];
  // One seen before the read may be told of after it; on kqueue every short read is in doubt, and tries again.
  for (int tries = 0; tries == 0 || (reading_is_ready(server) && tries < 100); ++tries) {
    client.write_all(".");
    ASSERT_EQ(server.read_some(buf), 1u);  // short: the next read waits for an event
  }
  ASSERT_EQ(::send(client.native_handle(), "abX", 3, MSG_OOB | MSG_NOSIGNAL), 3);
  ASSERT_EQ(::send(client.native_handle(), "cd", 2, MSG_NOSIGNAL), 2);
  wait_until([&client = client] {
    int on_the_way = 1;
    ::ioctl(client.native_handle(), TIOCOUTQ, &on_the_way);
    return on_the_way == 0;
  });
  wait_until([&server = server] { return reading_is_ready(server); });
  EXPECT_EQ(server.read_some(buf), 2u);
  EXPECT_EQ(server.read_some(buf), 2u);
  EXPECT_EQ(std::string_view(buf, 2), "cd");
  other_client.close();
  somebody_waits.join();
}

FIBER_TEST(tcp_stream, one_without_a_connection_says_so) {
  tcp_stream none;
  char buf[4];
  std::error_code ec;
  EXPECT_EQ(none.read_some(buf, ec), 0u);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  EXPECT_EQ(none.write_all("x", ec), 0u);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  EXPECT_THROW(none.set_no_delay(true), std::system_error);
  EXPECT_THROW(static_cast<void>(none.local_address()), std::system_error);
  none.set_deadline(tcp_stream::time_point::max(), ec);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  EXPECT_FALSE(none.is_open());
  auto [client, server] = connect();
  const tcp_stream moved_to = std::move(client);
  client.read_some(buf, ec);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  EXPECT_TRUE(moved_to.is_open());
}

FIBER_TEST(tcp_stream, addresses_are_each_others) {
  auto [client, server] = connect();
  EXPECT_EQ(client.local_address(), server.remote_address());
  EXPECT_EQ(client.remote_address(), server.local_address());
  EXPECT_FALSE(client.local_address().is_v6());
}

FIBER_TEST(tcp_stream, a_busy_stream_lets_others_run) {
  auto [client, server] = connect();
  // The reader never has to wait, so its budget makes it yield; and again, for the inject queue waits up to 61 turns.
  const std::string sent(16'384, 'x');
  client.write_all(sent);
  std::atomic<bool> done{false};
  auto other = spawn([&] { done = true; });
  char byte[1];
  for (std::size_t reads = 0; !done && reads < sent.size();) reads += server.read_some(byte);
  EXPECT_TRUE(done || workers_of_this_test() > 1);
  other.join();
}

TEST(tcp_stream, outside_a_runtime_calls_are_refused) {
  EXPECT_THROW(static_cast<void>(net::listen("127.0.0.1:0")), std::logic_error);
  EXPECT_THROW(static_cast<void>(net::dial("127.0.0.1:1")), std::logic_error);
  tcp_stream none;
  char buf[1];
  EXPECT_THROW(none.read_some(buf), std::logic_error);
}

}  // namespace
}  // namespace weft::testing
