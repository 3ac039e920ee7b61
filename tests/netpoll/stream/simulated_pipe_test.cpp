// Pipes under thousands of orders: all bytes arrive, once and in their order, whatever ends a call.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <support/noted.hpp>
#include <support/simulated.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/clock.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;
using weft::net::pipe_stream;
using weft::testing::await_stillness;
using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::must;
using weft::testing::noted;

constexpr std::string_view k_text = "abcdefghij";

// Until the end, or an error; pieces of three.
std::string read_all(pipe_stream& from, std::error_code& ec) {
  std::string all;
  std::array<char, 3> piece{};
  while (const std::size_t n = from.read_some(piece, ec)) all.append(piece.data(), n);
  return all;
}
std::string read_all(pipe_stream& from) {
  std::error_code ec;
  std::string all = read_all(from, ec);
  must(!ec, "a read failed: " + ec.message());
  return all;
}

// --- Two writers, each in its turn.

void write_whole(pipe_stream& to, std::string_view text) { to.write_all(text); }

// Takes a turn for each piece.
void write_in_pieces(pipe_stream& to, std::string_view text) {
  while (!text.empty()) text.remove_prefix(to.write_some(text));
}

template <auto Write>
void two_writers() {
  auto [near, far] = weft::net::pipe({.buffer_size = 3});
  auto write = [&out = near](std::string_view text) { Write(out, text); };
  auto a = weft::spawn([write] { write("aaaaa"); });
  auto b = weft::spawn([write] { write("bbbbb"); });
  auto reader = weft::spawn([&in = far] { return read_all(in); });
  a.join();
  b.join();
  near.shutdown_write();
  const std::string got = reader.join();
  must(got == "aaaaabbbbb" || got == "bbbbbaaaaa", "what came was " + got);
}

TEST(simulated_pipe, lets_writers_write_one_after_the_other) { expect_holds(two_writers<write_whole>); }
TEST(simulated_pipe, lets_writers_write_and_the_test_would_see_it) { expect_found(50, two_writers<write_in_pieces>); }

// --- What a write says that it has written arrives, whatever has ended it.

enum class ending { close, limit, cancellation, peer };

template <ending By>
void a_write_that_is_ended() {
  auto [near, far] = weft::net::pipe({.buffer_size = 4});
  std::atomic<std::size_t> told{0};
  auto writer = weft::spawn([&told, &out = near] {
    std::error_code ec;
    if (By == ending::limit) out.set_write_deadline(weft::clock::now() + 2us);
    const std::size_t first = out.write_all(k_text.substr(0, 5), ec);
    told += first;
    if (first == 5) told += out.write_all(k_text.substr(5), ec);
  });
  auto reader = weft::spawn([&in = far] {
    std::array<char, 3> piece{};
    std::error_code ec;
    std::string first(piece.data(), in.read_some(piece, ec));
    if (By == ending::peer) {
      in.close();
      return first;
    }
    weft::this_fiber::sleep_for(2us);
    return first + read_all(in);
  });
  if (By == ending::close) near.close();
  if (By == ending::cancellation) writer.request_stop();
  try {
    writer.join();
  } catch (const std::system_error& e) {
    must(By == ending::cancellation && e.code() == std::errc::operation_canceled, e.what());
  }
  near.close();
  const std::string got = reader.join();
  must(k_text.starts_with(got), "what came was " + got);
  if (By == ending::close || By == ending::limit)
    must(got.size() == told, "written " + std::to_string(told) + ", come were " + std::to_string(got.size()));
  if (By == ending::cancellation) must(got.size() >= told, "something that was written is lost");
}

TEST(simulated_pipe, keeps_what_was_written_before_its_close) { expect_holds(a_write_that_is_ended<ending::close>); }
TEST(simulated_pipe, keeps_what_was_written_before_a_limit) { expect_holds(a_write_that_is_ended<ending::limit>); }
TEST(simulated_pipe, keeps_what_was_written_before_a_cancellation) {
  expect_holds(a_write_that_is_ended<ending::cancellation>);
}
TEST(simulated_pipe, lets_a_writer_go_when_its_reader_does) { expect_holds(a_write_that_is_ended<ending::peer>); }

// --- A read that is ended takes nothing along.

std::size_t read_some(pipe_stream& from, std::span<char> to, std::error_code& ec) { return from.read_some(to, ec); }

// Counts a time that has run out as an error, also if something came.
std::size_t read_some_and_look_at_the_time(pipe_stream& from, std::span<char> to, std::error_code& ec) {
  const auto limit = weft::clock::now() + 1us;
  const std::size_t n = from.read_some(to, ec);
  if (weft::clock::now() < limit) return n;
  ec = std::make_error_code(std::errc::timed_out);
  return 0;
}

// One reader has limits, another is cancelled; what either got is noted under the turn that it has, byte by byte.
template <auto Read>
void reads_that_are_ended() {
  auto [near, far] = weft::net::pipe({.buffer_size = 4});
  noted<std::string> got;
  auto writer = weft::spawn([out = std::move(near)]() mutable {
    for (const char each : k_text.substr(0, 6)) {
      out.write_all(std::string_view(&each, 1));
      weft::this_fiber::sleep_for(1us);
    }
  });
  auto cancelled = weft::spawn([&got, &in = far] {
    char byte = 0;
    std::error_code ec;
    while (in.read_some(std::span(&byte, 1), ec) == 1) got.with([byte](std::string& so_far) { so_far += byte; });
  });
  auto canceller = weft::spawn([&cancelled] {
    weft::this_fiber::sleep_for(2us);
    cancelled.request_stop();
  });
  for (;;) {
    char byte = 0;
    std::error_code ec;
    far.set_read_deadline(weft::clock::now() + 1us);
    const std::size_t n = Read(far, std::span(&byte, 1), ec);
    far.set_read_deadline(pipe_stream::time_point::max());
    if (n == 1) got.with([byte](std::string& so_far) { so_far += byte; });
    if (n == 0 && ec != std::errc::timed_out) break;
  }
  canceller.join();
  cancelled = {};
  writer.join();
  // Two who read note what they got in either order.
  std::string all = got.get();
  std::sort(all.begin(), all.end());
  must(all == "abcdef", "what came was " + got.get());
}

TEST(simulated_pipe, loses_nothing_to_reads_that_are_ended) { expect_holds(reads_that_are_ended<read_some>); }
TEST(simulated_pipe, loses_nothing_and_the_test_would_see_it) {
  expect_found(50, reads_that_are_ended<read_some_and_look_at_the_time>);
}

// --- Closed and destroyed while others are at it: they are told, and nobody waits for ever.

void closed_at_any_time() {
  auto [near, far] = weft::net::pipe({.buffer_size = 2});
  const auto is_an_end = [](const std::error_code& ec) {
    return !ec || ec == std::errc::operation_canceled || ec == std::errc::bad_file_descriptor ||
           ec == std::errc::broken_pipe;
  };
  auto reader = weft::spawn([&is_an_end, &in = near] {
    std::error_code ec;
    (void)read_all(in, ec);
    must(is_an_end(ec), ec.message());
  });
  auto writer = weft::spawn([&is_an_end, &out = near] {
    std::error_code ec;
    (void)out.write_all(k_text, ec);
    must(is_an_end(ec), ec.message());
  });
  auto peer = weft::spawn([&is_an_end, far = std::move(far)]() mutable {
    std::error_code ec;
    (void)far.write_all(k_text, ec);
    must(is_an_end(ec), ec.message());
  });
  auto first = weft::spawn([&closed = near] { closed.close(); });
  near.close();
  must(!near.is_open(), "closed, and open");
  reader.join();
  writer.join();
  peer.join();
  first.join();
}

TEST(simulated_pipe, lets_all_go_when_it_is_closed) { expect_holds(closed_at_any_time); }

}  // namespace
