// Room: tests of netpoll. udp_socket: several datagrams at once, by the calls of this kernel and without them.

#include <weft/netpoll/udp_socket.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/runtime/spawn.hpp>

#include <faults.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::endpoint;
using net::incoming_datagram;
using net::outgoing_datagram;
using net::udp_socket;

// Places of a batch, with room of their own.
template <std::size_t N, std::size_t Size = 16>
struct places {
  std::array<std::array<std::byte, Size>, N> rooms;
  std::array<incoming_datagram, N> batch;
  places() {
    for (std::size_t i = 0; i < N; ++i) batch[i].buffer = rooms[i];
  }
  [[nodiscard]] std::string text(std::size_t i) const {
    return {reinterpret_cast<const char*>(rooms[i].data()), batch[i].received.count};
  }
};

// A kernel that has the calls, and one that has not.
std::vector<net::detail::fault_plan> kernels() {
  return {{.seed = seed_of_this_test()},
          {.seed = seed_of_this_test(), .old_kernel = 1024},
          {.seed = seed_of_this_test(), .interrupted = 200, .exhausted = 50, .old_kernel = 512}};
}

FIBER_TEST(udp_batch, is_sent_and_received_whole_and_in_order) {
  for (const auto& kernel : kernels()) {
    auto server = udp_socket::bind("127.0.0.1:0");
    auto client = udp_socket::bind("127.0.0.1:0");
    const net::detail::fault_injection faults(kernel);
    std::vector<std::string> texts;
    std::vector<outgoing_datagram> out;
    for (int i = 0; i < 70; ++i) texts.push_back(std::to_string(i));
    for (const auto& text : texts) out.push_back({std::as_bytes(std::span(text)), server.local_address()});
    EXPECT_EQ(client.send_batch(out), 70u) << "more than one call takes";
    places<32> in;
    for (std::size_t seen = 0; seen < 70;) {
      const std::size_t count = server.receive_batch(in.batch);
      ASSERT_GT(count, 0u);
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(in.text(i), texts[seen++]);
        EXPECT_EQ(in.batch[i].from, client.local_address());
      }
    }
  }
}

FIBER_TEST(udp_batch, tells_what_was_cut_and_what_is_empty) {
  for (const auto& kernel : kernels()) {
    auto server = udp_socket::bind("127.0.0.1:0");
    auto client = udp_socket::connect(server.local_address());
    const net::detail::fault_injection faults(kernel);
    const std::string large(100, 'x');
    const std::array<outgoing_datagram, 3> out{
        {{std::as_bytes(std::span(large)), {}}, {}, {std::as_bytes(std::span(large)).first(3), {}}}};
    EXPECT_EQ(client.send_batch(out), 3u);
    places<1> in;
    EXPECT_EQ(server.receive_batch(in.batch), 1u);
    EXPECT_EQ(in.batch[0].received.count, 16u);
    EXPECT_EQ(in.batch[0].received.size, 100u);
    EXPECT_EQ(server.receive_batch(in.batch), 1u);
    EXPECT_EQ(in.batch[0].received.size, 0u);
    EXPECT_EQ(server.receive_batch(in.batch), 1u);
    EXPECT_EQ(in.batch[0].received.count, 3u);
    EXPECT_EQ(server.receive_batch({}), 0u);
    EXPECT_EQ(client.send_batch({}), 0u);
  }
}

// A batch that was not filled has emptied the queue, and the next one parks without asking; each must be woken.
FIBER_TEST(udp_batch, a_ping_pong_of_batches_misses_no_edge) {
  auto server = udp_socket::bind("127.0.0.1:0");
  auto client = udp_socket::connect(server.local_address());
  auto echo = spawn([&] {
    for (int i = 0; i < 300;) {
      places<8> in;
      const std::size_t count = server.receive_batch(in.batch);
      for (std::size_t k = 0; k < count; ++k, ++i) server.send_to(in.text(k), in.batch[k].from);
    }
  });
  for (int i = 0; i < 300; ++i) {
    client.send("x");
    places<8> in;
    ASSERT_EQ(client.receive_batch(in.batch), 1u);
  }
  echo.join();
}

FIBER_TEST(udp_batch, that_fails_says_how_many_went) {
  auto server = udp_socket::bind("127.0.0.1:0");
  auto client = udp_socket::bind("127.0.0.1:0");
  const std::string large(70'000, 'x');
  const std::string small = "x";
  std::vector<outgoing_datagram> out(3, {std::as_bytes(std::span(small)), server.local_address()});
  out[2].bytes = std::as_bytes(std::span(large));
  std::error_code ec;
  EXPECT_EQ(client.send_batch(out, ec), 2u);
  EXPECT_EQ(ec, std::errc::message_size);
}

FIBER_TEST(udp_batch, an_error_ends_a_wait_for_one) {
  auto server = udp_socket::bind("127.0.0.1:0");
  auto client = udp_socket::connect(server.local_address());
  server.close();
  client.send("x");
  places<4> in;
  expect_error(std::errc::connection_refused, [&] { client.receive_batch(in.batch); });
}

FIBER_TEST(udp_batch, segments_come_as_datagrams_of_their_size) {
  for (const auto& kernel : kernels()) {
    auto server = udp_socket::bind("127.0.0.1:0", {.receive_buffer = 1 << 20});
    auto client = udp_socket::bind("127.0.0.1:0");
    const net::detail::fault_injection faults(kernel);
    const auto sent = pattern(100'050, seed_of_this_test());
    for (const std::size_t segment : {1000u, 9000u, 70'000u}) {
      std::error_code ec;
      const std::size_t gone = client.send_segments_to(sent, segment, server.local_address(), ec);
      EXPECT_TRUE(segment == 70'000 ? ec == std::errc::message_size : !ec) << ec.message();
      EXPECT_EQ(gone, segment == 70'000 ? 0 : sent.size());
      std::vector<unsigned char> got;
      std::vector<unsigned char> buf(70'000);
      while (got.size() < gone) {
        const auto one = server.receive(buf);
        EXPECT_EQ(one.count, std::min(segment, sent.size() - got.size()));
        EXPECT_EQ(one.segment_size, 0u);
        got.insert(got.end(), buf.begin(), buf.begin() + static_cast<std::ptrdiff_t>(one.count));
      }
      EXPECT_TRUE(got.size() == gone && std::equal(got.begin(), got.end(), sent.begin()));
    }
    expect_error(std::errc::invalid_argument, [&] { client.send_segments_to(sent, 0, server.local_address()); });
  }
}

// Together where the kernel can, one by one where it cannot: every byte once, and in its place.
FIBER_TEST(udp_batch, segments_are_received_together_on_demand) {
  auto server = udp_socket::bind("127.0.0.1:0", {.coalesce = true, .receive_buffer = 1 << 20});
  auto client = udp_socket::connect(server.local_address());
  const auto sent = pattern(30'500, seed_of_this_test());
  EXPECT_EQ(client.send_segments(sent, 1000), sent.size());
  std::vector<unsigned char> got;
  std::vector<unsigned char> buf(65'536);
  while (got.size() < sent.size()) {
    const auto some = server.receive(buf);
    EXPECT_TRUE(some.segment_size == 1000 || (some.segment_size == 0 && some.count <= 1000)) << some.count;
    EXPECT_FALSE(some.is_truncated());
    got.insert(got.end(), buf.begin(), buf.begin() + static_cast<std::ptrdiff_t>(some.count));
  }
  EXPECT_EQ(got, sent);
}

}  // namespace
}  // namespace weft::testing
