// Room: tests of netpoll. pipe: what happens at once. Every byte is accounted for, whoever wins.

#include <weft/netpoll/pipe.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "net_support.hpp"
#include "pipe_support.hpp"

namespace weft::testing {
namespace {

using net::pipe_stream;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

FIBER_TEST(pipe_race, random_pieces_both_ways_at_once_arrive_whole) {
  const std::uint64_t seed = seed_of_this_test();
  for (std::uint64_t round = 0; round < 4; ++round) {
    auto [a, b] = net::pipe({.buffer_size = 1 + (seed + round * 97) % 500});
    const bytes there = pattern(20'000, seed + round), back = pattern(20'000, seed + round + 10);
    auto at_b = spawn([&, &b = b] { return read_in_pieces(b, seed + round + 20); });
    auto at_a = spawn([&, &a = a] { return read_in_pieces(a, seed + round + 30); });
    auto from_b = spawn([&, &b = b] { write_in_pieces(b, back, seed + round + 40); });
    write_in_pieces(a, there, seed + round + 50);
    from_b.join();
    EXPECT_TRUE(at_b.join() == there);
    EXPECT_TRUE(at_a.join() == back);
  }
}

FIBER_TEST(pipe_race, many_pairs_echo_at_once) {
  std::vector<join_handle<bool>> clients;
  for (std::uint64_t i = 0; i < 32; ++i) {
    clients.push_back(spawn([i] {
      auto [near, far] = net::pipe({.buffer_size = 512});
      go([far = std::move(far)]() mutable {
        char buf[300];
        std::error_code ec;
        while (const auto n = far.read_some(buf, ec)) far.write_all(std::span(buf, n), ec);
      });
      for (std::uint64_t round = 0; round < 20; ++round) {
        const auto sent = pattern(1 + (i * 37 + round * 101) % 900, i * 1000 + round);
        bytes got(sent.size());
        near.write_all(sent);
        near.read_exactly(got);
        if (got != sent) return false;
      }
      return true;
    }));
  }
  for (auto& each : clients) EXPECT_TRUE(each.join());
}

FIBER_TEST(pipe_race, threads_and_fibers_speak_with_each_other) {
  const std::uint64_t seed = seed_of_this_test();
  auto [a, b] = net::pipe({.buffer_size = 200});
  const bytes there = pattern(20'000, seed), back = pattern(20'000, seed + 1);
  bytes at_b;
  std::thread far_reads([&, &b = b] { at_b = read_in_pieces(b, seed + 2); });
  std::thread far_writes([&, &b = b] { write_in_pieces(b, back, seed + 3); });
  auto near_reads = spawn([&, &a = a] { return read_in_pieces(a, seed + 4); });
  write_in_pieces(a, there, seed + 5);
  EXPECT_TRUE(near_reads.join() == back);
  far_writes.join();
  far_reads.join();
  EXPECT_TRUE(at_b == there);
}

TEST(pipe_race, threads_alone_need_no_runtime) {
  auto [a, b] = net::pipe({.buffer_size = 50});
  const bytes sent = pattern(20'000, seed_of_this_test());
  std::thread writer([&, &a = a] { write_in_pieces(a, sent, 1); });
  EXPECT_TRUE(read_in_pieces(b, 2) == sent);
  writer.join();
  b.set_read_deadline(clock::now() + 1ms);
  std::thread closer([&b = b] { b.close(); });
  const std::error_code ec = write_error(a);
  EXPECT_EQ(ec, std::errc::broken_pipe);
  closer.join();
}

TEST(pipe_race, a_thread_that_waits_is_ended_by_deadline_and_close) {
  auto [a, b] = net::pipe({.buffer_size = 50});
  b.set_read_deadline(clock::now() + 2ms);
  EXPECT_EQ(read_error(b), std::errc::timed_out);
  b.set_read_deadline(k_never);
  std::atomic<bool> started{false};
  std::thread reader([&, &b = b] {
    started = true;
    const std::error_code ec = read_error(b);
    EXPECT_TRUE(ec == std::errc::operation_canceled || ec == std::errc::bad_file_descriptor) << ec.message();
  });
  wait_until([&] { return started.load(); });
  b.close();
  reader.join();
}

TEST(pipe_race, fibers_of_two_runtimes_speak_with_each_other) {
  const std::uint64_t seed = seed_of_this_test();
  runtime first(options{.workers = 2}), second(options{.workers = 2});
  auto [a, b] = net::pipe({.buffer_size = 300});
  const bytes there = pattern(50'000, seed), back = pattern(50'000, seed + 1);
  bytes at_a, at_b;
  std::thread host([&, &b = b] {
    second.run([&] {
      auto writer = spawn([&] { write_in_pieces(b, back, seed + 2); });
      at_b = read_in_pieces(b, seed + 3);
      writer.join();
    });
  });
  first.run([&, &a = a] {
    auto writer = spawn([&] { write_in_pieces(a, there, seed + 4); });
    at_a = read_in_pieces(a, seed + 5);
    writer.join();
  });
  host.join();
  EXPECT_TRUE(at_b == there);
  EXPECT_TRUE(at_a == back);
}

TEST(pipe_race, a_stream_outlives_its_runtime_and_goes_on_in_the_next) {
  pipe_stream a, b;
  run([&] {
    std::tie(a, b) = net::pipe();
    a.write_all("kept");
    go([&] {
      b.read_exactly(std::string(100, ' '));
      ADD_FAILURE() << "nothing more was sent";
    });
    await_parked(1, "pipe read");
  });
  EXPECT_TRUE(b.is_open());
  run([&] {
    a.write_all("x");
    char buf[1];
    EXPECT_EQ(b.read_some(buf), 1u);
  });
}

FIBER_TEST(pipe_race, close_wakes_whoever_waits_and_refuses_whoever_comes) {
  auto [a, b] = net::pipe({.buffer_size = 4});
  std::vector<join_handle<std::error_code>> all;
  for (int i = 0; i < 4; ++i) all.push_back(spawn([&a = a] { return read_error(a); }));
  for (int i = 0; i < 4; ++i) all.push_back(spawn([&a = a] { return write_error(a); }));
  await_parked(4, "pipe read");
  await_parked(4, "pipe write");
  a.close();
  for (auto& each : all) EXPECT_EQ(each.join(), std::errc::operation_canceled);
  EXPECT_EQ(read_error(a), std::errc::bad_file_descriptor);
  EXPECT_EQ(write_error(a), std::errc::bad_file_descriptor);
  char buf[8];
  EXPECT_EQ(b.read_some(buf), 4u) << "what was written before";
  EXPECT_EQ(b.read_some(buf), 0u);
}

FIBER_TEST(pipe_race, destroying_ends_calls_in_progress) {
  auto [a, b] = net::pipe({.buffer_size = 4});
  std::optional<pipe_stream> owned(std::move(a));
  auto reader = spawn([&stream = *owned] { return read_error(stream); });
  auto writer = spawn([&stream = *owned] { return write_error(stream); });
  await_parked(1, "pipe read");
  await_parked(1, "pipe write");
  owned.reset();
  b.close();
  EXPECT_EQ(reader.join(), std::errc::operation_canceled);
  EXPECT_EQ(writer.join(), std::errc::operation_canceled);
}

FIBER_TEST(pipe_race, close_races_reads_writes_deadlines_and_other_closers) {
  for (int round = 0; round < 300; ++round) {
    auto [near, far] = net::pipe({.buffer_size = 4});
    auto& a = near;
    auto& b = far;
    auto reader = spawn([&] { return read_error(a); });
    auto writer = spawn([&] { return write_error(a); });
    auto moving = spawn([&] {
      std::error_code ec;
      a.set_deadline(k_over, ec);
      a.set_deadline(k_never, ec);
    });
    auto peer = spawn([&] {
      std::error_code ec;
      b.write_some("x", ec);
      read_error(b);
      b.close();
    });
    std::atomic<int> firsts{0};
    const auto close = [&] {
      std::error_code ec;
      a.close(ec);
      if (!ec) ++firsts;
    };
    auto closing = spawn(close);
    close();
    const auto is_expected = [](const std::error_code& ec) {
      return !ec || ec == std::errc::operation_canceled || ec == std::errc::bad_file_descriptor ||
             ec == std::errc::timed_out || ec == std::errc::broken_pipe;
    };
    EXPECT_PRED1(is_expected, reader.join());
    EXPECT_PRED1(is_expected, writer.join());
    moving.join();
    peer.join();
    closing.join();
    EXPECT_EQ(firsts, 1);
  }
}

FIBER_TEST(pipe_race, what_close_lets_through_has_arrived) {
  for (int round = 0; round < 200; ++round) {
    auto [a, b] = net::pipe({.buffer_size = 64});
    auto writer = spawn([&a = a] {
      std::size_t written = 0;
      std::error_code ec;
      while (!ec) written += a.write_some("abc", ec);
      return written;
    });
    auto closer = spawn([&a = a, round] {
      for (int i = 0; i < round % 8; ++i) this_fiber::yield();
      a.close();
    });
    std::size_t arrived = 0;
    char buf[5];
    while (const auto n = b.read_some(buf)) arrived += n;
    EXPECT_EQ(arrived, writer.join());
    closer.join();
  }
}

}  // namespace
}  // namespace weft::testing
