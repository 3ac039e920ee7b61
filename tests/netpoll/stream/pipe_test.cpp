// Room: tests of netpoll. pipe: a pair of streams in memory behaves as a connection does, step by step. What happens at
// once is in pipe_race_test.cpp.

#include <weft/netpoll/pipe.hpp>

#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/errc.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::pipe_stream;

std::string read_all(pipe_stream& from) {
  std::string got;
  char buf[7];
  while (const auto n = from.read_some(buf)) got.append(buf, n);
  return got;
}

// The example of pipe.hpp.
FIBER_TEST(pipe, the_manuals_example_works) {
  auto [near, far] = weft::net::pipe({.buffer_size = 4096});
  auto echoing = weft::spawn([far = std::move(far)]() mutable {
    char buf[64];
    while (auto n = far.read_some(buf)) far.write_all(std::span(buf, n));
  });
  near.write_all("hello");
  char answer[5];
  near.read_exactly(answer);
  near.shutdown_write();
  echoing.join();
  EXPECT_EQ(std::string_view(answer, 5), "hello");
  EXPECT_EQ(near.read_some(answer), 0u);
}

FIBER_TEST(pipe, bytes_come_in_order_through_any_buffer) {
  for (const std::size_t size : {1u, 2u, 3u, 64u, 1000u, 100'000u}) {
    auto [a, b] = net::pipe({.buffer_size = size});
    const auto sent = pattern(3000, seed_of_this_test() + size);
    auto writer = spawn([&sent, &a = a] {
      a.write_all(sent);
      a.close();
    });
    std::vector<unsigned char> got(sent.size());
    b.read_exactly(got);
    EXPECT_TRUE(got == sent) << size;
    EXPECT_EQ(b.read_some(got), 0u);
    writer.join();
  }
}

FIBER_TEST(pipe, a_buffers_size_is_what_may_be_written_ahead) {
  auto [a, b] = net::pipe({.buffer_size = 10});
  const std::string data(25, 'x');
  EXPECT_EQ(a.write_some(data), 10u);
  a.set_write_deadline(pipe_stream::time_point::min());
  std::error_code ec;
  EXPECT_EQ(a.write_some(data, ec), 0u);
  EXPECT_EQ(ec, std::errc::timed_out);
  a.set_write_deadline(pipe_stream::time_point::max());
  char buf[4];
  b.read_exactly(buf);
  EXPECT_EQ(a.write_some(data), 4u) << "who does not have to wait takes what room there is";
  auto [c, d] = net::pipe({.buffer_size = 0});
  EXPECT_EQ(c.write_some(std::string(100'000, 'x')), net::pipe_options{}.buffer_size);
}

FIBER_TEST(pipe, a_writer_that_waits_goes_on_at_half_the_buffer_or_room_for_the_rest) {
  auto [a, b] = net::pipe({.buffer_size = 10});
  a.write_all("0123456789");
  auto many = spawn([&a = a] { return a.write_some(std::string_view("abcdefghij")); });
  await_parked(1, "pipe write");
  char buf[10];
  b.read_exactly(std::span(buf, 4));
  await_parked(1, "pipe write");
  b.read_exactly(std::span(buf, 1));
  EXPECT_EQ(many.join(), 5u);
  auto two = spawn([&a = a] { a.write_all("xy"); });
  await_parked(1, "pipe write");
  b.read_exactly(std::span(buf, 1));
  await_parked(1, "pipe write");
  b.read_exactly(std::span(buf, 1));
  two.join();
  b.read_exactly(buf);
  EXPECT_EQ(std::string_view(buf, 10), "789abcdexy");
}

FIBER_TEST(pipe, gathers_and_scatters_over_the_rings_end) {
  auto [a, b] = net::pipe({.buffer_size = 8});
  a.write_all("....:");
  char skipped[4];
  b.read_exactly(skipped);
  const auto one = std::as_bytes(std::span("one "));
  const auto two = std::as_bytes(std::span("two three"));
  const std::array<std::span<const std::byte>, 4> out{one.first(4), std::span<const std::byte>(), two.first(9),
                                                      std::span<const std::byte>()};
  EXPECT_EQ(a.write_some(out), 7u);
  char head[2];
  char tail[16];
  const std::array<std::span<std::byte>, 3> in{std::as_writable_bytes(std::span(head)), std::span<std::byte>(),
                                               std::as_writable_bytes(std::span(tail))};
  EXPECT_EQ(b.read_some(in), 8u);
  EXPECT_EQ(std::string_view(head, 2), ":o");
  EXPECT_EQ(std::string_view(tail, 6), "ne two");
}

FIBER_TEST(pipe, empty_buffers_transfer_nothing_and_do_not_wait) {
  auto [a, b] = net::pipe();
  std::vector<char> nothing;
  EXPECT_EQ(b.read_some(nothing), 0u);
  EXPECT_EQ(b.read_some(std::span<const std::span<std::byte>>()), 0u);
  EXPECT_EQ(a.write_some(nothing), 0u);
  a.write_all("");
  b.read_exactly(nothing);
}

FIBER_TEST(pipe, the_end_of_the_stream_is_0_again_and_again) {
  auto [a, b] = net::pipe();
  a.write_all("last words");
  a.close();
  char buf[64];
  std::error_code ec = std::make_error_code(std::errc::io_error);
  EXPECT_EQ(b.read_some(buf, ec), 10u);
  EXPECT_FALSE(ec);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(b.read_some(buf), 0u);
}

FIBER_TEST(pipe, half_closed_still_reads) {
  auto [a, b] = net::pipe();
  a.write_all("question");
  a.shutdown_write();
  a.shutdown_write();
  auto answering = spawn([&b = b] {
    b.write_all("answer to " + read_all(b));
    b.close();
  });
  EXPECT_EQ(read_all(a), "answer to question");
  answering.join();
  std::error_code ec;
  EXPECT_EQ(a.write_all("more", ec), 0u);
  EXPECT_EQ(ec, std::errc::broken_pipe);
}

FIBER_TEST(pipe, a_parked_read_sees_the_end) {
  for (const bool by_close : {false, true}) {
    auto [a, b] = net::pipe();
    auto reader = spawn([&b = b] { return read_all(b); });
    await_parked(1, "pipe read");
    by_close ? a.close() : a.shutdown_write();
    EXPECT_EQ(reader.join(), "");
  }
}

FIBER_TEST(pipe, read_exactly_cut_short_is_the_end_of_the_stream) {
  auto [a, b] = net::pipe();
  a.write_all("abc");
  a.shutdown_write();
  char buf[4] = {};
  std::error_code ec;
  EXPECT_EQ(b.read_exactly(buf, ec), 3u);
  EXPECT_EQ(ec, net::errc::end_of_stream);
  EXPECT_EQ(std::string_view(buf, 3), "abc");
  try {
    b.read_exactly(buf);
    ADD_FAILURE() << "read_exactly read nothing, and was content";
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), net::errc::end_of_stream);
    EXPECT_NE(std::string_view(e.what()).find("pipe_stream::read_exactly"), std::string_view::npos) << e.what();
  }
}

FIBER_TEST(pipe, a_write_to_a_peer_that_is_gone_is_a_broken_pipe) {
  auto [a, b] = net::pipe({.buffer_size = 4});
  auto writer = spawn([&a = a] {
    std::error_code ec;
    EXPECT_EQ(a.write_all("0123456789", ec), 4u);
    return ec;
  });
  await_parked(1, "pipe write");
  b.write_all("bye");
  b.close();
  EXPECT_EQ(writer.join(), std::errc::broken_pipe);
  EXPECT_THROW(a.write_all("x"), std::system_error);
  EXPECT_EQ(read_all(a), "bye");
}

FIBER_TEST(pipe, shutting_down_ends_ones_own_write_and_keeps_what_was_taken) {
  auto [a, b] = net::pipe({.buffer_size = 4});
  auto writer = spawn([&a = a] {
    std::error_code ec;
    EXPECT_EQ(a.write_all("0123456789", ec), 4u);
    return ec;
  });
  await_parked(1, "pipe write");
  a.shutdown_write();
  EXPECT_EQ(writer.join(), std::errc::broken_pipe);
  EXPECT_EQ(read_all(b), "0123");
}

FIBER_TEST(pipe, one_without_a_pipe_says_so) {
  pipe_stream none;
  char buf[4];
  std::error_code ec;
  const auto expect_refused = [&ec](std::size_t n) {
    EXPECT_EQ(n, 0u);
    EXPECT_EQ(ec, std::errc::bad_file_descriptor);
    ec.clear();
  };
  expect_refused(none.read_some(buf, ec));
  expect_refused(none.read_exactly(buf, ec));
  expect_refused(none.write_some("x", ec));
  expect_refused(none.write_all("x", ec));
  none.set_deadline(pipe_stream::time_point::max(), ec);
  expect_refused(0);
  none.set_write_deadline(pipe_stream::time_point::max(), ec);
  expect_refused(0);
  none.close(ec);
  expect_refused(0);
  EXPECT_THROW(none.shutdown_write(), std::system_error);
  none.close();
  EXPECT_FALSE(none.is_open());
  auto [a, b] = net::pipe();
  pipe_stream moved_to = std::move(a);
  expect_refused(a.read_some(buf, ec));
  EXPECT_TRUE(moved_to.is_open());
  moved_to.write_all("x");
  moved_to = pipe_stream();
  EXPECT_EQ(read_all(b), "x");
}

FIBER_TEST(pipe, closed_twice_is_harmless) {
  auto [a, b] = net::pipe();
  std::error_code ec;
  a.close(ec);
  EXPECT_FALSE(ec);
  a.close(ec);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  a.close();
  EXPECT_FALSE(a.is_open());
  EXPECT_TRUE(b.is_open());
  EXPECT_THROW(a.shutdown_write(), std::system_error);
  char buf[1];
  EXPECT_THROW(a.read_some(buf), std::system_error);
}

FIBER_TEST(pipe, readers_take_turns_and_none_splits_anothers_message) {
  auto [a, b] = net::pipe({.buffer_size = 300});
  constexpr int k_readers = 6;
  constexpr std::size_t k_size = 1000;
  std::vector<join_handle<void>> readers;
  for (int i = 0; i < k_readers; ++i) {
    readers.push_back(spawn([&b = b, i] {
      std::string message(k_size, '\0');
      b.read_exactly(message);
      EXPECT_EQ(message, std::string(k_size, static_cast<char>('a' + i))) << "in order of arrival";
    }));
    await_parked(static_cast<std::size_t>(i) + 1, "pipe read");
  }
  for (int i = 0; i < k_readers; ++i) a.write_all(std::string(k_size, static_cast<char>('a' + i)));
  for (auto& each : readers) each.join();
  // The last of the queue has left the turn free.
  a.write_all("more");
  char buf[4];
  b.read_exactly(buf);
  EXPECT_EQ(std::string_view(buf, 4), "more");
}

FIBER_TEST(pipe, writers_take_turns_and_none_splits_anothers_message) {
  auto [a, b] = net::pipe({.buffer_size = 100});
  constexpr std::size_t k_size = 10'000;
  constexpr int k_writers = 4;
  std::vector<join_handle<void>> writers;
  for (int i = 0; i < k_writers; ++i)
    writers.push_back(spawn([&a = a, i] { a.write_all(std::string(k_size, static_cast<char>('a' + i))); }));
  for (int i = 0; i < k_writers; ++i) {
    std::string message(k_size, '\0');
    b.read_exactly(message);
    EXPECT_EQ(message, std::string(k_size, message[0]));
  }
  for (auto& each : writers) each.join();
}

FIBER_TEST(pipe, a_busy_stream_lets_others_run) {
  auto [a, b] = net::pipe();
  const std::string sent(16'384, 'x');
  a.write_all(sent);
  std::atomic<bool> done{false};
  auto other = spawn([&] { done = true; });
  char byte[1];
  for (std::size_t reads = 0; !done && reads < sent.size();) reads += b.read_some(byte);
  EXPECT_TRUE(done || workers_of_this_test() > 1);
  other.join();
}

}  // namespace
}  // namespace weft::testing
