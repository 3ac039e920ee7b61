// Room: tests of netpoll. pipe: what ends a wait, deadlines and cancellation, loses no byte and no turn.

#include <weft/netpoll/pipe.hpp>

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include <support/fiber_test.hpp>
#include <support/manual_clock.hpp>
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

FIBER_TEST(pipe_wait, a_deadline_ends_waits_not_before_its_time_and_refuses_what_is_there) {
  auto [a, b] = net::pipe({.buffer_size = 4});
  const auto until = clock::now() + 3ms;
  b.set_read_deadline(until);
  EXPECT_EQ(read_error(b), std::errc::timed_out);
  EXPECT_GE(clock::now(), until);
  a.set_write_deadline(clock::now() + 2ms);
  std::error_code ec;
  EXPECT_EQ(a.write_all("012345", ec), 4u);
  EXPECT_EQ(ec, std::errc::timed_out);
  EXPECT_EQ(read_error(b), std::errc::timed_out) << "also if there is something";
  b.set_read_deadline(k_never);
  char buf[8];
  EXPECT_EQ(b.read_some(buf), 4u);
  b.write_all("x");
  EXPECT_FALSE(read_error(a)) << "of the other direction";
}

FIBER_TEST(pipe_wait, a_deadline_moved_during_the_wait_counts) {
  auto [a, b] = net::pipe({.buffer_size = 4});
  b.set_read_deadline(clock::now() + 1h);
  std::vector<join_handle<std::error_code>> readers;
  for (int i = 0; i < 4; ++i) readers.push_back(spawn([&b = b] { return read_error(b); }));
  await_parked(4, "pipe read");
  b.set_read_deadline(clock::now() + 2h);
  await_parked(4, "pipe read");
  a.write_all("x");
  await_parked(3, "pipe read");
  b.set_deadline(k_over);
  int timed_out = 0;
  for (auto& each : readers) timed_out += each.join() == std::errc::timed_out ? 1 : 0;
  EXPECT_EQ(timed_out, 3);
}

TEST(pipe_wait, who_gets_the_turn_after_the_deadline_is_refused_what_is_there) {
  run(options{.workers = 1}, [] {
    auto [a, b] = net::pipe();
    const auto read_one = [&b = b] {
      char buf[1];
      std::error_code ec;
      b.read_some(buf, ec);
      return ec;
    };
    auto holder = spawn(read_one);
    await_parked(1, "pipe read");
    auto queued = spawn(read_one);
    await_parked(2, "pipe read");
    a.write_all("xyz");
    b.set_read_deadline(k_over);
    EXPECT_FALSE(holder.join()) << "the byte was there when it was woken";
    EXPECT_EQ(queued.join(), std::errc::timed_out);
    b.set_read_deadline(k_never);
    char buf[8];
    EXPECT_EQ(b.read_some(buf), 2u);
  });
}

TEST(pipe_wait, who_queues_keeps_its_place_when_its_old_deadline_comes) {
  manual_clock time;
  runtime rt(options{.workers = 1}, &time);
  rt.run([&] {
    auto [a, b] = net::pipe();
    b.set_read_deadline(pipe_stream::time_point(1us));
    std::string got(5, '?');
    std::vector<join_handle<std::size_t>> readers;
    for (char& each : got) {
      readers.push_back(spawn([&b = b, &each] { return b.read_some(std::span(&each, 1)); }));
      await_parked(readers.size(), "pipe read");
    }
    b.set_read_deadline(k_never);
    auto later = spawn([] { this_fiber::sleep_until(pipe_stream::time_point(2us)); });
    await_parked(1, "sleep");
    time.advance(1ms, rt);
    later.join();
    await_parked(readers.size(), "pipe read");
    a.write_all("abcde");
    for (auto& each : readers) EXPECT_EQ(each.join(), 1u);
    EXPECT_EQ(got, "abcde");
  });
}

FIBER_TEST(pipe_wait, deadlines_race_bytes_and_lose_none) {
  auto [a, b] = net::pipe({.buffer_size = 16});
  const bytes sent = pattern(3000, seed_of_this_test());
  auto writer = spawn([&, &a = a] { write_in_pieces(a, sent, seed_of_this_test()); });
  std::atomic<bool> done{false};
  auto mover = spawn([&, &b = b] {
    for (int i = 0; !done; ++i) {
      b.set_read_deadline(i % 3 == 0 ? k_over : i % 3 == 1 ? clock::now() + 20us : k_never);
      this_fiber::yield();
    }
  });
  bytes got;
  for (;;) {
    unsigned char buf[10];
    std::error_code ec;
    const auto n = b.read_some(buf, ec);
    got.insert(got.end(), buf, buf + n);
    if (!ec && n == 0) break;
    if (!ec) continue;
    EXPECT_EQ(ec, std::errc::timed_out);
    this_fiber::yield();
  }
  done = true;
  mover.join();
  writer.join();
  EXPECT_TRUE(got == sent);
}

FIBER_TEST(pipe_wait, cancelling_readers_loses_no_byte) {
  auto [a, b] = net::pipe({.buffer_size = 16});
  const bytes sent = pattern(500, seed_of_this_test());
  auto writer = spawn([&, &a = a] { write_in_pieces(a, sent, seed_of_this_test()); });
  bytes got;
  std::mt19937_64 random(seed_of_this_test());
  for (bool is_over = false; !is_over;) {
    auto reader = spawn([&, &b = b] {
      unsigned char buf[5];
      for (;;) {
        const auto n = b.read_some(buf);  // throws cancelled, or has taken what it says
        got.insert(got.end(), buf, buf + n);
        if (n == 0) is_over = true;
        if (n == 0) return;
      }
    });
    for (auto turns = random() % 4; turns > 0; --turns) this_fiber::yield();
    reader.request_stop();
    try {
      reader.join();
    } catch (const std::system_error&) {  // it was cancelled
    }
  }
  writer.join();
  EXPECT_TRUE(got == sent);
}

FIBER_TEST(pipe_wait, cancellation_ends_every_wait_and_the_next_has_its_turn) {
  auto [a, b] = net::pipe({.buffer_size = 4});
  const auto read_one = [&b = b] {
    char buf[1];
    std::error_code ec;
    return b.read_some(buf, ec);
  };
  auto holder = spawn(read_one);
  await_parked(1, "pipe read");
  auto queued = spawn(read_one);
  await_parked(2, "pipe read");
  auto next = spawn(read_one);
  await_parked(3, "pipe read");
  queued.request_stop();
  EXPECT_THROW(queued.join(), std::system_error);
  holder.request_stop();
  EXPECT_THROW(holder.join(), std::system_error);
  a.write_all("x");
  EXPECT_EQ(next.join(), 1u);
  auto writer = spawn([&a = a] { write_error(a); });
  await_parked(1, "pipe write");
  writer.request_stop();
  EXPECT_THROW(writer.join(), std::system_error);
}

}  // namespace
}  // namespace weft::testing
