// Room: tests of netpoll. write_all of several buffers: as if they were one, over any kind of stream.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <remaining_buffers.hpp>
#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/spawn.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using pieces = std::vector<std::span<const std::byte>>;

// The bytes in pieces of 0 to `most` bytes.
pieces cut(std::span<const unsigned char> all, std::size_t most, std::uint64_t seed) {
  pieces cut_off;
  while (!all.empty()) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    const std::size_t size = std::min<std::size_t>(all.size(), (seed >> 33) % (most + 1));
    cut_off.push_back(std::as_bytes(all.first(size)));
    all = all.subspan(size);
  }
  cut_off.emplace_back();
  return cut_off;
}

TEST(write_all_buffers, are_given_to_the_system_piece_by_piece_and_none_twice) {
  const auto all = pattern(3000, seed_of_this_test());
  const pieces buffers = cut(all, 60, seed_of_this_test());
  net::detail::remaining_buffers left(buffers);
  std::vector<std::byte> written;
  for (std::size_t step = 1; !left.empty(); ++step) {
    const auto next = left.next();
    ASSERT_FALSE(next[0].empty());
    std::size_t room = step % 97 + 1, taken = 0;
    for (const auto& each : next) {
      const std::size_t n = std::min(room - taken, each.size());
      written.insert(written.end(), each.begin(), each.begin() + static_cast<std::ptrdiff_t>(n));
      taken += n;
    }
    left.advance(taken);
  }
  EXPECT_TRUE(std::ranges::equal(written, std::as_bytes(std::span(all))));
  EXPECT_TRUE(net::detail::remaining_buffers(pieces(5)).empty());
}

constexpr std::size_t k_size_of_each = 40'000;

// Two writers at once: what each wrote is whole.
template <class Stream>
void expect_whole(Stream& from, Stream& to) {
  std::vector<join_handle<void>> writers;
  for (const char name : {'a', 'b'}) {
    writers.push_back(spawn([&from, name] {
      const std::vector<unsigned char> all(k_size_of_each, static_cast<unsigned char>(name));
      std::error_code ec;
      EXPECT_EQ(from.write_all(cut(all, 700, seed_of_this_test() + static_cast<unsigned char>(name)), ec),
                k_size_of_each);
      EXPECT_FALSE(ec) << ec.message();
    }));
  }
  std::vector<char> got(2 * k_size_of_each);
  to.read_exactly(got);
  EXPECT_EQ(std::count(got.begin(), got.begin() + k_size_of_each, got[0]), static_cast<std::ptrdiff_t>(k_size_of_each));
  EXPECT_EQ(std::count(got.begin() + k_size_of_each, got.end(), got[k_size_of_each]),
            static_cast<std::ptrdiff_t>(k_size_of_each));
  for (auto& each : writers) each.join();
}

FIBER_TEST(write_all_buffers, arrive_as_one_whatever_carries_them) {
  auto [client, server] = connect();
  shrink_buffers(client.native_handle());
  expect_whole(client, server);
  auto [near, far] = net::pipe({.buffer_size = 512});
  expect_whole(near, far);
  net::any_stream here(std::move(near)), there(std::move(far));
  std::error_code ec;
  auto reads = spawn([&there] {
    char buf[6];
    there.read_exactly(buf);
    return std::string(buf, 6);
  });
  const std::string_view head = "he", body = "llo!";
  here.write_all(pieces{std::as_bytes(std::span(head)), {}, std::as_bytes(std::span(body))});
  EXPECT_EQ(reads.join(), "hello!");
}

FIBER_TEST(write_all_buffers, tell_how_far_they_came) {
  auto [client, server] = connect();
  const std::string much(32 << 20, 'x');
  const auto bytes = std::as_bytes(std::span(much));
  std::error_code ec;
  client.set_write_deadline(std::chrono::milliseconds(5));
  const std::size_t written = client.write_all(pieces{bytes, bytes}, ec);
  EXPECT_EQ(ec, std::errc::timed_out);
  EXPECT_LT(written, 2 * much.size());
  client.close();
  EXPECT_EQ(client.write_all(pieces{bytes}, ec), 0u);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  EXPECT_THROW(client.write_all(pieces{bytes}), std::system_error);
  std::vector<char> got(1 << 16);
  std::size_t arrived = 0;
  while (const auto n = server.read_some(got)) arrived += n;
  EXPECT_EQ(arrived, written);
}

}  // namespace
}  // namespace weft::testing
