// Room: tests of netpoll. tcp_stream: several who read, or write, at once take turns, and no call is split by another.

#include <weft/netpoll/tcp_stream.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

FIBER_TEST(tcp_stream, readers_take_turns_and_none_splits_anothers_message) {
  auto [client, server] = connect();
  constexpr int k_readers = 6;
  constexpr std::size_t k_size = 1000;
  std::vector<join_handle<bool>> readers;
  for (int i = 0; i < k_readers; ++i) {
    readers.push_back(spawn([&server = server] {
      std::array<char, k_size> message;
      server.read_exactly(message);
      return std::all_of(message.begin(), message.end(), [&](char c) { return c == message[0]; });
    }));
  }
  await_parked(k_readers, "tcp read");
  for (int i = 0; i < k_readers; ++i) {
    const std::string message(k_size, static_cast<char>('a' + i));
    for (std::size_t part = 0; part < k_size; part += 250) {
      client.write_all(std::string_view(message).substr(part, 250));
      this_fiber::yield();
    }
  }
  for (auto& each : readers) EXPECT_TRUE(each.join());
  // The last of the queue has left the turn free.
  client.write_all("more");
  char buf[4];
  server.read_exactly(buf);
  EXPECT_EQ(std::string_view(buf, 4), "more");
}

FIBER_TEST(tcp_stream, writers_take_turns_and_none_splits_anothers_message) {
  auto [client, server] = connect();
  shrink_buffers(client.native_handle());
  constexpr std::size_t k_size = 100'000;
  constexpr int k_writers = 4;
  std::vector<join_handle<void>> writers;
  for (int i = 0; i < k_writers; ++i)
    writers.push_back(
        spawn([&client = client, i] { client.write_all(std::string(k_size, static_cast<char>('a' + i))); }));
  for (int i = 0; i < k_writers; ++i) {
    std::string message(k_size, '\0');
    server.read_exactly(message);
    EXPECT_EQ(message, std::string(k_size, message[0]));
  }
  for (auto& each : writers) each.join();
}

}  // namespace
}  // namespace weft::testing
