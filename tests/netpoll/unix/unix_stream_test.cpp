// Room: tests of netpoll. unix_stream: what every stream does, over a Unix socket.

#include <weft/netpoll/unix_stream.hpp>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/runtime/runtime.hpp>

#include <faults.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::unix_stream;

FIBER_TEST(unix_stream, a_pair_talks_both_ways_and_ends) {
  auto [one, other] = unix_stream::pair();
  one.write_all("hello ");
  std::array<std::byte, 2> first, second;
  const std::span<std::byte> parts[] = {first, second};
  EXPECT_EQ(other.read_some(parts), 4u);
  char rest[2];
  other.read_exactly(rest);
  EXPECT_EQ(std::string(rest, 2), "o ");
  other.write_all("back");
  other.shutdown_write();
  char back[8];
  EXPECT_EQ(one.read_some(back), 4u);
  EXPECT_EQ(one.read_some(back), 0u);
  std::error_code ec;
  EXPECT_EQ(one.read_exactly(back, ec), 0u);
  EXPECT_EQ(ec, net::errc::end_of_stream);
  other.close();
  EXPECT_EQ(write_error(one), std::errc::broken_pipe);
  EXPECT_EQ(one.local_address(), "");
}

FIBER_TEST(unix_stream, is_any_stream) {
  auto [one, other] = unix_stream::pair();
  net::any_stream held(std::move(one));
  held.write_all("x");
  char got[1];
  EXPECT_EQ(other.read_some(got), 1u);
}

FIBER_TEST(unix_stream, of_none_says_so) {
  unix_stream none;
  EXPECT_FALSE(none.is_open());
  EXPECT_EQ(read_error(none), std::errc::bad_file_descriptor);
  EXPECT_EQ(write_error(none), std::errc::bad_file_descriptor);
  EXPECT_THROW(static_cast<void>(none.local_address()), std::system_error);
}

TEST(unix_stream, outside_a_runtime_is_refused) {
  EXPECT_THROW(static_cast<void>(unix_stream::pair()), std::logic_error);
}

FIBER_TEST(unix_stream, large_writes_wait_for_the_reader_and_come_whole) {
  auto [one, other] = unix_stream::pair();
  const auto sent = pattern(2'000'000, seed_of_this_test());
  auto writer = spawn([&one = one, &sent] {
    one.write_all(sent);
    one.close();
  });
  await_parked(1, "unix write");
  std::vector<unsigned char> got(sent.size());
  other.read_exactly(got);
  EXPECT_EQ(got, sent);
  char end[1];
  EXPECT_EQ(other.read_some(end), 0u);
  writer.join();
}

FIBER_TEST(unix_stream, interruptions_and_short_transfers_lose_no_byte) {
  const net::detail::fault_injection faults({.seed = seed_of_this_test(), .interrupted = 100, .short_transfer = 400});
  std::vector<join_handle<bool>> conversations;
  for (std::uint64_t i = 0; i < 8; ++i) {
    conversations.push_back(spawn([i] {
      auto [one, other] = unix_stream::pair();
      shrink_buffers(one.native_handle());
      const auto sent = pattern(30'000, i);
      auto writer = spawn([&one = one, &sent] { one.write_all(sent); });
      std::vector<unsigned char> got(sent.size());
      other.read_exactly(got);
      writer.join();
      return got == sent;
    }));
  }
  for (auto& each : conversations) EXPECT_TRUE(each.join());
  EXPECT_GT(faults.injected(net::detail::fault::interrupted), 0u);
}

// Each read of the one waits for a write of the other: a byte that epoll does not tell of would hang it.
FIBER_TEST(unix_stream, a_ping_pong_misses_no_edge) {
  auto [one, other] = unix_stream::pair();
  auto echo = spawn([&other = other] {
    char buf[16];
    while (const auto n = other.read_some(buf)) other.write_all(std::span(buf, n));
  });
  for (int i = 0; i < 500; ++i) {
    one.write_all(std::string(1 + static_cast<std::size_t>(i) % 16, 'x'));
    char buf[16];
    one.read_exactly(std::span(buf, 1 + static_cast<std::size_t>(i) % 16));
  }
  one.shutdown_write();
  echo.join();
}

}  // namespace
}  // namespace weft::testing
