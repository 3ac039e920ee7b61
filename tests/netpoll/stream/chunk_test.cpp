// Room: tests of netpoll. read_chunk: a buffer is borrowed when there is something, and comes back on every path.

#include <weft/netpoll/chunk.hpp>

#include <chrono>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/trim.hpp>

#include "buffer_pool.hpp"
#include "faults.hpp"
#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::chunk;
using net::detail::chunk_buffers;
using namespace std::chrono_literals;

// A stream of each kind, and its peer: a test of one is a test of all.
template <class Test>
void for_each_kind_of_stream(Test test) {
  {
    auto [near, far] = connect();
    test(near, far, "tcp read");
  }
  {
    auto [near, far] = net::pipe();
    test(near, far, "pipe read");
  }
  auto [client, server] = connect();
  net::any_stream near(std::move(client));
  test(near, server, "tcp read");
}

FIBER_TEST(chunk, brings_what_there_is_and_is_empty_at_the_end_of_the_stream) {
  for_each_kind_of_stream([](auto& near, auto& far, const char*) {
    far.write_all("hello");
    chunk got = near.read_chunk();
    EXPECT_EQ(got.text(), "hello");
    EXPECT_EQ(got.bytes().size(), 5u);
    far.shutdown_write();
    got = near.read_chunk();
    EXPECT_TRUE(got.empty() && !got);
    EXPECT_EQ(chunk_buffers.lent(), 0u) << "of nothing";
  });
}

FIBER_TEST(chunk, carries_a_stream_whole) {
  for_each_kind_of_stream([](auto& near, auto& far, const char*) {
    const auto sent = pattern(200'000, 7);
    auto writer = spawn([&] {
      far.write_all(sent);
      far.shutdown_write();
    });
    std::vector<std::byte> read;
    while (const chunk got = near.read_chunk()) {
      EXPECT_LE(got.size(), chunk::max_size());
      read.insert(read.end(), got.begin(), got.end());
    }
    writer.join();
    ASSERT_EQ(read.size(), sent.size());
    EXPECT_EQ(std::memcmp(read.data(), sent.data(), sent.size()), 0);
  });
}

FIBER_TEST(chunk, is_borrowed_only_when_there_is_something) {
  for_each_kind_of_stream([](auto& near, auto& far, const char* reading) {
    auto reader = spawn([&near = near] { return near.read_chunk(); });
    await_parked(1, reading);
    EXPECT_EQ(chunk_buffers.lent(), 0u) << "while it waits for the first byte";
    far.write_all("x");
    chunk got = reader.join();
    EXPECT_EQ(chunk_buffers.lent(), 1u);
    chunk moved = std::move(got);
    EXPECT_EQ(moved.text(), "x");
    EXPECT_TRUE(got.empty());  // NOLINT: what a moved-from chunk is
    moved = chunk();
    EXPECT_EQ(chunk_buffers.lent(), 0u);
    reader = spawn([&near = near] { return near.read_chunk(); });
    await_parked(1, reading);
    EXPECT_EQ(chunk_buffers.lent(), 0u) << "while it waits for the next one";
    far.write_all("y");
    EXPECT_EQ(reader.join().text(), "y");
  });
}

template <class Stream>
std::error_code chunk_error(Stream& s) {
  std::error_code ec;
  EXPECT_TRUE(s.read_chunk(ec).empty());
  return ec;
}

FIBER_TEST(chunk, waits_by_the_contract_of_every_read) {
  for_each_kind_of_stream([](auto& near, auto& far, const char* reading) {
    auto reader = spawn([&near = near] { return chunk_error(near); });
    await_parked(1, reading);
    near.set_read_deadline(0s);
    EXPECT_EQ(reader.join(), std::errc::timed_out);
    far.write_all("late");
    EXPECT_EQ(chunk_error(near), std::errc::timed_out);
    near.set_read_deadline(net::tcp_stream::time_point::max());
    EXPECT_EQ(near.read_chunk().text(), "late");

    auto cancelled_reader = spawn([&near = near] { (void)near.read_chunk(); });
    await_parked(1, reading);
    cancelled_reader.request_stop();
    expect_error(std::errc::operation_canceled, [&] { cancelled_reader.join(); });

    reader = spawn([&near = near] { return chunk_error(near); });
    await_parked(1, reading);
    near.close();
    EXPECT_EQ(reader.join(), std::errc::operation_canceled);
    EXPECT_EQ(chunk_error(near), std::errc::bad_file_descriptor);
    EXPECT_EQ(chunk_buffers.lent(), 0u);
  });
}

FIBER_TEST(chunk, of_a_connection_that_was_reset_is_an_error_and_no_buffer) {
  auto [client, server] = connect();
  reset_on_close(server.native_handle());
  server.close();
  EXPECT_EQ(chunk_error(client), std::errc::connection_reset);
  try {
    (void)net::tcp_stream().read_chunk();
    ADD_FAILURE() << "of no stream";
  } catch (const std::system_error& e) {
    EXPECT_NE(std::string(e.what()).find("tcp_stream::read_chunk"), std::string::npos) << e.what();
  }
  EXPECT_EQ(chunk_buffers.lent(), 0u);
}

FIBER_TEST(chunk, without_memory_says_so_and_the_bytes_stay) {
  for_each_kind_of_stream([](auto& near, auto& far, const char*) {
    far.write_all("kept");
    trim();  // a buffer that is idle would do
    {
      const net::detail::fault_injection faults({.seed = 1, .exhausted = 1024});
      EXPECT_EQ(chunk_error(near), std::errc::not_enough_memory);
    }
    EXPECT_EQ(near.read_chunk().text(), "kept");
  });
}

FIBER_TEST(chunk, is_whole_though_calls_are_interrupted_and_cut_short) {
  const net::detail::fault_injection faults({.seed = 5, .interrupted = 200, .short_transfer = 500});
  for_each_kind_of_stream([](auto& near, auto& far, const char*) {
    const auto sent = pattern(50'000, 9);
    auto writer = spawn([&] { far.write_all(sent); });
    std::vector<std::byte> read;
    while (read.size() < sent.size()) {
      const chunk got = near.read_chunk();
      read.insert(read.end(), got.begin(), got.end());
    }
    writer.join();
    EXPECT_EQ(std::memcmp(read.data(), sent.data(), sent.size()), 0);
  });
}

FIBER_TEST(chunk, idle_buffers_go_back_by_trim) {
  std::vector<chunk> held(100);
  for (auto& each : held) each = chunk(net::detail::lent_buffer(chunk_buffers.take()), 0, 1);
  for (auto& each : held) *each.data() = std::byte{1};
  held.clear();
  EXPECT_GE(chunk_buffers.warm(), 100u);
  EXPECT_GE(trim(), 100u * 4096);
  EXPECT_EQ(chunk_buffers.warm(), 0u);
}

FIBER_TEST(chunk, many_fibers_share_few_buffers) {
  trim();
  task_group readers;
  for (int i = 0; i < 20; ++i)
    readers.go([] {
      auto [near, far] = connect();
      for (int round = 0; round < 20; ++round) {
        far.write_all("ping");
        const chunk got = near.read_chunk();
        EXPECT_EQ(got.text(), "ping");
        std::memset(const_cast<std::byte*>(got.data()), 'x', got.size());
      }
    });
  readers.wait();
  EXPECT_EQ(chunk_buffers.lent(), 0u);
  EXPECT_LE(chunk_buffers.warm(), 20u);
}

// The order of going out and of giving back, of a pool of this test's own.
net::detail::buffer_pool& own_buffers() {
  static constinit net::detail::buffer_pool pool;
  return pool;
}

TEST(buffer_pool, gives_out_the_hottest_and_gives_back_the_coldest) {
  auto& pool = own_buffers();
  std::vector<std::byte*> taken;
  for (int i = 0; i < 4; ++i) {
    taken.push_back(pool.take());
    *taken.back() = std::byte{1};
  }
  for (std::byte* const each : taken) pool.give_back(each);
  (void)pool.end_period();
  EXPECT_EQ(pool.end_period(), 4u);
  std::byte* const hottest = pool.take();
  EXPECT_EQ(hottest, taken[3]);
  pool.give_back(hottest);
  EXPECT_EQ(pool.end_period(), 3u) << "one was needed in between";
  std::size_t bytes = 0;
  EXPECT_EQ(pool.cool(3, &bytes), 3u);
  EXPECT_GE(bytes, 3u * 4096) << "a page of each was touched";
  EXPECT_LE(bytes, 3u * net::detail::buffer_pool::k_buffer_size);
  EXPECT_EQ(pool.take(), taken[3]);
  EXPECT_EQ(pool.warm(), 0u);
  pool.give_back(taken[3]);
  EXPECT_EQ(pool.cool(10, nullptr), 1u);
  EXPECT_EQ(pool.lent(), 0u);
}

TEST(buffer_pool, keeps_no_more_than_it_says) {
  auto& pool = own_buffers();
  std::vector<std::byte*> taken(net::detail::buffer_pool::k_most_idle + 5);
  for (auto& each : taken) each = pool.take();
  for (std::byte* const each : taken) pool.give_back(each);
  EXPECT_EQ(pool.warm(), net::detail::buffer_pool::k_most_idle);
  while (pool.cool(1000, nullptr) != 0) continue;
  EXPECT_EQ(pool.lent(), 0u);
}

}  // namespace
}  // namespace weft::testing
