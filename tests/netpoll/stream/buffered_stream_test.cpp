// Room: tests of netpoll. buffered_stream: lines and pieces, in whatever pieces they come; limits that lose nothing;
// and the memory that it has, and has not.

#include <weft/netpoll/buffered_stream.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/runtime/spawn.hpp>

#include "buffer_pool.hpp"
#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::buffered_stream;
using net::pipe_stream;
using net::detail::chunk_buffers;
using namespace std::chrono_literals;
using namespace std::string_literals;

static_assert(std::is_convertible_v<buffered_stream<net::tcp_stream>, net::any_stream>, "it is a stream");
static_assert(!std::is_constructible_v<buffered_stream<net::tcp_stream>, net::tcp_stream&>, "what is not moved");
static_assert(std::is_nothrow_move_assignable_v<buffered_stream<pipe_stream>>);

// Reads what a fiber writes in pieces of `piece` bytes, then ends; 0: all at once.
template <class Test>
void reading(std::string_view text, std::size_t piece, net::buffered_options options, Test test) {
  auto [near, far] = net::pipe();
  auto writer = spawn([far = std::move(far), text, piece]() mutable {
    for (std::string_view left = text; !left.empty();) {
      const auto next = left.substr(0, piece != 0 ? piece : left.size());
      far.write_all(next);
      left.remove_prefix(next.size());
      if (piece != 0) this_fiber::yield();
    }
  });
  buffered_stream in(std::move(near), options);
  test(in);
  writer.request_stop();  // who does not read to the end
}

FIBER_TEST(buffered_stream, finds_lines_in_whatever_pieces_they_come) {
  struct example {
    std::string_view text;
    std::vector<std::string> lines;
  };
  const example examples[] = {
      {"", {}},
      {"\n", {""}},
      {"one\ntwo\r\n\r\nthree\n", {"one", "two", "", "three"}},
      {"cut", {"cut"}},
      {"a\n\r", {"a", "\r"}},
      {"a\rb\n", {"a\rb"}},
      {"a\r\r\n", {"a\r"}},
  };
  for (const auto& [text, expected] : examples)
    for (const std::size_t piece : {0u, 1u, 2u, 3u})
      reading(text, piece, {}, [&, &wanted = expected](auto& in) {
        std::vector<std::string> lines;
        while (const auto line = in.read_line()) lines.emplace_back(*line);
        EXPECT_EQ(lines, wanted);
        std::string none = "left over";
        EXPECT_FALSE(in.read_line(none));
        EXPECT_TRUE(none.empty());
      });
}

FIBER_TEST(buffered_stream, tells_a_line_that_is_too_long_and_loses_nothing) {
  for (const std::size_t piece : {0u, 1u, 3u})
    reading("1234567\n12345678\nend\n", piece, {.limit = 8}, [](auto& in) {
      std::string line;
      EXPECT_TRUE(in.read_line(line));
      EXPECT_EQ(line, "1234567") << "of 8 bytes with its end";
      for (int again = 0; again < 2; ++again) {
        std::error_code ec;
        EXPECT_FALSE(in.read_line(ec));
        EXPECT_EQ(ec, net::errc::line_too_long);
        EXPECT_TRUE(in.read_until("\n", ec).empty());
        EXPECT_EQ(ec, net::errc::line_too_long);
      }
      try {
        (void)in.read_line();
        ADD_FAILURE();
      } catch (const std::system_error& e) {
        EXPECT_NE(std::string_view(e.what()).find("buffered_stream::read_line within 8 bytes"), std::string_view::npos)
            << e.what();
      }
      EXPECT_EQ(in.peek(8), "12345678");
      in.discard(4);
      EXPECT_EQ(in.read_line(), "5678");
      EXPECT_EQ(in.read_line(), "end");
    });
}

FIBER_TEST(buffered_stream, keeps_a_line_beyond_a_pooled_buffer_whole) {
  const std::string line(40'000, 'x');
  const std::string text = "short\n" + line + "\r\n" + line + "y\nlast";
  for (const std::size_t piece : {0u, 1'000u, 30'000u})
    reading(text, piece, {.limit = 40'002}, [&line](auto& in) {
      EXPECT_EQ(in.read_line(), "short");
      EXPECT_EQ(in.read_line(), line);
      EXPECT_EQ(in.read_until("\n"), line + "y\n");
      EXPECT_EQ(in.read_line(), "last");
      EXPECT_EQ(in.read_line(), std::nullopt);
      EXPECT_EQ(chunk_buffers.lent(), 0u);
    });
  reading(text, 0, {.limit = 40'001}, [&line](auto& in) {
    in.discard(6);
    std::error_code ec;
    EXPECT_FALSE(in.read_line(ec));
    EXPECT_EQ(ec, net::errc::line_too_long);
    std::string back(line.size(), '\0');
    in.read_exactly(back);
    EXPECT_EQ(back, line);
  });
}

FIBER_TEST(buffered_stream, reads_until_a_delimiter_of_any_length) {
  for (const std::size_t piece : {0u, 1u, 2u})
    reading("a--b-c--=--d", piece, {}, [](auto& in) {
      EXPECT_EQ(in.read_until("--"), "a--");
      EXPECT_EQ(in.read_until("--="), "b-c--=");
      std::string text;
      EXPECT_TRUE(in.read_until(text, "--"));
      EXPECT_EQ(text, "--");
      EXPECT_THROW((void)in.read_until(""), std::invalid_argument);
      std::error_code ec;
      EXPECT_FALSE(in.read_until(text, "--", ec));
      EXPECT_EQ(ec, net::errc::end_of_stream);
      EXPECT_EQ(in.read_line(), "d") << "still there";
      EXPECT_TRUE(in.read_until("--").empty()) << "the end, at the end of a piece";
    });
}

FIBER_TEST(buffered_stream, looks_ahead_and_drops) {
  for (const std::size_t piece : {0u, 1u})
    reading("GET / HTTP", piece, {.limit = 16}, [](auto& in) {
      EXPECT_EQ(in.peek(3), "GET");
      EXPECT_EQ(in.peek(5), "GET /");
      EXPECT_GE(in.buffered(), 5u);
      in.discard(6);
      EXPECT_EQ(in.peek(16), "HTTP") << "no more than there is";
      EXPECT_THROW((void)in.peek(17), std::length_error);
      EXPECT_EQ(in.buffered(), 4u);
      std::error_code ec;
      EXPECT_EQ(in.discard(5, ec), 4u);
      EXPECT_EQ(ec, net::errc::end_of_stream);
      EXPECT_EQ(in.peek(1), "");
    });
}

// One of the ways to take bytes off a stream.
void take_some(buffered_stream<pipe_stream>& in, std::mt19937_64& random, std::string& taken) {
  std::array<char, 40'000> buffer;
  const std::size_t size = random() % (random() % 8 == 0 ? buffer.size() : 300) + 1;
  const auto append = [&taken](std::string_view more) { taken += more; };
  std::error_code ec;
  switch (random() % 7) {
    case 0: append({buffer.data(), in.read_some(std::span(buffer).first(size))}); break;
    case 1: append({buffer.data(), in.read_exactly(std::span(buffer).first(size), ec)}); break;
    case 2: append(in.read_chunk().text()); break;
    case 3: append(in.read_until("\n", ec)); break;
    case 4: {
      const auto seen = in.peek(size);
      append(seen);
      in.discard(seen.size());
      break;
    }
    case 5: {
      std::array<std::byte, 5> first;
      std::array<std::byte, 200> second;
      const std::array<std::span<std::byte>, 2> both{first, second};
      const std::size_t n = in.read_some(both);
      const auto text = [](std::span<const std::byte> bytes) {
        return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      };
      append(text(std::span(first).first(std::min<std::size_t>(n, 5))));
      if (n > 5) append(text(std::span(second).first(n - 5)));
      break;
    }
    default: in = buffered_stream(std::move(in)); break;
  }
}

FIBER_TEST(buffered_stream, gives_out_every_byte_once_by_whatever_is_called) {
  std::mt19937_64 random(seed_of_this_test());
  std::string sent(200'000, '\0');
  for (char& each : sent) each = "ab\n"[random() % 100 == 0 ? 2 : random() % 2];
  auto [near, far] = net::pipe({.buffer_size = 5'000 + random() % 60'000});
  auto writer = spawn([far = std::move(far), &sent]() mutable { far.write_all(sent); });
  buffered_stream in(std::move(near), {.limit = 40'000});
  std::string taken;
  for (int calls = 0; taken.size() < sent.size() && calls < 1'000'000; ++calls) take_some(in, random, taken);
  EXPECT_TRUE(taken == sent) << "the " << std::mismatch(taken.begin(), taken.end(), sent.begin()).first - taken.begin()
                             << "th byte";
  EXPECT_TRUE(in.read_chunk().empty());
  writer.join();
}

FIBER_TEST(buffered_stream, has_no_buffer_while_it_waits_for_the_first_byte) {
  auto [near, far] = net::pipe();
  buffered_stream in(std::move(near));
  auto reader = spawn([&in] { return std::string(in.read_line().value()); });
  await_parked(1, "pipe read");
  EXPECT_EQ(chunk_buffers.lent(), 0u);
  far.write_all("be");
  wait_until([] { return chunk_buffers.lent() == 1; });
  far.write_all("gun\n");
  EXPECT_EQ(reader.join(), "begun");
  reader = spawn([&in] { return std::string(in.read_line().value()); });
  await_parked(1, "pipe read");
  EXPECT_EQ(chunk_buffers.lent(), 0u) << "the last line is taken, and nothing else is there";
  far.write_all("\n");
  EXPECT_EQ(reader.join(), "");
}

FIBER_TEST(buffered_stream, keeps_what_had_come_when_a_wait_ends_early) {
  auto [near, far] = connect();
  buffered_stream in(std::move(near));
  const auto line_error = [&in] {
    std::error_code ec;
    EXPECT_FALSE(in.read_line(ec));
    return ec;
  };
  far.write_all("first\nsec");
  EXPECT_EQ(in.read_line(), "first");
  auto reader = spawn(line_error);
  await_parked(1, "tcp read");
  in.set_read_deadline(0s);
  EXPECT_EQ(reader.join(), std::errc::timed_out);
  EXPECT_EQ(in.peek(3), "sec") << "what is there is read whatever the deadline says";
  in.set_read_deadline(net::tcp_stream::time_point::max());

  auto to_be_cancelled = spawn([&in] { (void)in.read_line(); });
  await_parked(1, "tcp read");
  to_be_cancelled.request_stop();
  expect_error(std::errc::operation_canceled, [&] { to_be_cancelled.join(); });
  far.write_all("ond\nthi");
  const std::string_view kept = in.read_line().value();
  EXPECT_EQ(kept, "second");

  reader = spawn(line_error);
  await_parked(1, "tcp read");
  in.close();
  EXPECT_EQ(reader.join(), std::errc::operation_canceled);
  EXPECT_EQ(line_error(), std::errc::bad_file_descriptor) << "though there is something";
  EXPECT_FALSE(in.is_open());
}

FIBER_TEST(buffered_stream, each_call_from_memory_is_a_cancellation_point) {
  reading("a\nb\nc\n", 0, {}, [](auto& in) {
    EXPECT_EQ(in.read_line(), "a");
    auto reader = spawn([&in] {
      while (in.buffered() != 0) {
        (void)in.peek(1);
        this_fiber::yield();
      }
    });
    reader.request_stop();
    expect_error(std::errc::operation_canceled, [&] { reader.join(); });
    EXPECT_EQ(in.read_line(), "b");
  });
}

FIBER_TEST(buffered_stream, refers_or_owns_and_passes_writing_through) {
  auto [client, server] = connect();
  auto echoing = spawn([server = std::move(server)]() mutable {
    net::any_stream conn(buffered_stream(std::move(server)));
    while (const auto got = conn.read_chunk()) conn.write_all(got);
  });
  {
    buffered_stream in(std::ref(client));
    in.write_all("hello\n");
    EXPECT_EQ(in.write_some("!"), 1u);
    EXPECT_EQ(in.read_line(), "hello");
    EXPECT_EQ(&in.stream(), &client);
    in.read_exactly(std::array<char, 1>());
    in.shutdown_write();
    EXPECT_EQ(in.read_line(), std::nullopt);
  }
  EXPECT_TRUE(client.is_open());
  buffered_stream none{net::tcp_stream()};
  expect_error(std::errc::bad_file_descriptor, [&] { (void)none.read_line(); });
  expect_error(std::errc::bad_file_descriptor, [&] { none.write_all("x"); });
  echoing.join();
}

}  // namespace
}  // namespace weft::testing
