// Room: tests of netpoll. What is done wrong with buffered streams, chunks, files and children: two readers at once,
// calls after close, objects that were moved from, buffers of no bytes. Each is refused by name, or defined.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <weft/netpoll/buffered_stream.hpp>
#include <weft/netpoll/file.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/netpoll/process.hpp>
#include <weft/runtime/spawn.hpp>

#include "net_support.hpp"
#include "process/process_support.hpp"
#include "scratch_directory.hpp"

namespace weft::testing {
namespace {

using net::buffered_stream;
using net::file;
using net::open_flags;
using net::process;
using net::stdio;

const std::span<std::byte> k_no_room;
const std::span<const std::byte> k_no_bytes;

// One call of many, by name.
template <class Object>
struct wrong_call {
  const char* name;
  std::function<void(Object&)> call;
};

// What each of them says.
template <class Object>
void expect_all(std::errc what, Object& of, const std::vector<wrong_call<Object>>& calls) {
  for (const auto& each : calls) {
    try {
      each.call(of);
      ADD_FAILURE() << each.name << ": not refused";
    } catch (const std::system_error& e) {
      EXPECT_EQ(e.code(), what) << each.name << ": " << e.what();
      EXPECT_NE(std::string_view(e.what()).find("weft: "), std::string_view::npos) << e.what();
    }
  }
}

// --- Buffered streams.

using buffered = buffered_stream<net::pipe_stream>;

const std::vector<wrong_call<buffered>>& buffered_calls() {
  static const std::vector<wrong_call<buffered>> calls = {
      {"read_line", [](auto& in) { (void)in.read_line(); }},
      {"read_until", [](auto& in) { (void)in.read_until("\n"); }},
      {"peek", [](auto& in) { (void)in.peek(1); }},
      {"discard", [](auto& in) { in.discard(1); }},
      {"read_chunk", [](auto& in) { (void)in.read_chunk(); }},
      {"read_some", [](auto& in) { in.read_some(std::array<char, 4>()); }},
      {"read_some, large", [](auto& in) { in.read_some(std::string(20'000, ' ')); }},
      {"read_exactly", [](auto& in) { in.read_exactly(std::array<char, 4>()); }},
  };
  return calls;
}

FIBER_TEST(misuse, of_a_buffered_stream_that_is_closed_or_was_moved_from_is_refused) {
  auto [near, far] = net::pipe();
  buffered in(std::move(near));
  far.write_all("one\ntwo\n");
  EXPECT_EQ(in.read_line(), "one");
  buffered moved(std::move(in));
  EXPECT_EQ(in.buffered(), 0u);
  expect_all(std::errc::bad_file_descriptor, in, buffered_calls());
  EXPECT_EQ(moved.read_line(), "two") << "what was read ahead has gone with it";
  far.write_all("three\nfour\n");
  EXPECT_EQ(moved.read_line(), "three");
  moved.close();
  expect_all(std::errc::bad_file_descriptor, moved, buffered_calls());
  expect_error(std::errc::bad_file_descriptor, [&] { moved.write_all("x"); });
  moved = buffered(net::pipe_stream());
  EXPECT_FALSE(moved.is_open());
}

FIBER_TEST(misuse, of_a_buffered_stream_by_a_second_reader_is_refused) {
  auto [near, far] = net::pipe();
  buffered in(std::move(near));
  for (const std::string begun : {"", "be"}) {  // also in the middle of a line
    far.write_all(begun);
    auto first = spawn([&in] { return std::string(in.read_line().value()); });
    await_parked(1, "pipe read");
    for (const auto& each : buffered_calls()) {
      try {
        each.call(in);
        ADD_FAILURE() << each.name << ": not refused";
      } catch (const std::logic_error& e) {
        EXPECT_NE(std::string_view(e.what()).find("one fiber at a time reads"), std::string_view::npos) << each.name;
      }
    }
    in.write_all("writing is another matter");
    far.write_all("gun\n");
    EXPECT_EQ(first.join(), begun + "gun");
  }
  far.write_all("on\n");
  EXPECT_EQ(in.read_line(), "on");
}

FIBER_TEST(misuse, of_a_buffered_stream_with_no_bytes_waits_for_nothing) {
  auto [near, far] = net::pipe();
  buffered in(std::move(near), {.limit = 0});  // the default
  for (const std::size_t there : {0u, 3u}) {
    if (there != 0) {
      far.write_all("abc");
      EXPECT_EQ(in.peek(3), "abc");
    }
    EXPECT_EQ(in.peek(0), "");
    in.discard(0);
    EXPECT_EQ(in.read_some(k_no_room), 0u);
    in.read_exactly(k_no_room);
    in.write_all(k_no_bytes);
    EXPECT_EQ(in.write_some(k_no_bytes), 0u);
    EXPECT_EQ(in.buffered(), there);
    EXPECT_THROW((void)in.read_until(""), std::invalid_argument);
    EXPECT_THROW((void)in.peek(net::chunk::max_size() + 1), std::length_error);
  }
}

// --- Chunks.

FIBER_TEST(misuse, of_a_chunk_is_defined) {
  auto [near, far] = connect();
  std::vector<join_handle<std::string>> readers;
  std::atomic<int> served{0};
  for (int i = 0; i < 2; ++i)
    readers.push_back(spawn([&near = near, &served] {
      const net::chunk got = near.read_chunk();
      ++served;
      return std::string(got.text());
    }));
  await_parked(2, "tcp read");
  far.write_all("one");
  wait_until([&] { return served == 1; });
  far.write_all("two");
  const std::string both = readers[0].join() + readers[1].join();
  EXPECT_TRUE(both == "onetwo" || both == "twoone") << "they take turns: " << both;

  far.write_all("kept");
  net::chunk got = near.read_chunk();
  net::chunk moved = std::move(got);
  EXPECT_TRUE(got.empty() && got.text().empty() && !got);
  got = std::move(moved);
  net::chunk& same = got;
  got = std::move(same);
  near.close();
  EXPECT_EQ(got.text(), "kept") << "it outlives its stream";
  std::error_code ec;
  EXPECT_TRUE(near.read_chunk(ec).empty());
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  net::tcp_stream none;
  expect_error(std::errc::bad_file_descriptor, [&] { (void)none.read_chunk(); });
}

// --- Files.

const std::vector<wrong_call<file>>& file_calls() {
  static const std::vector<wrong_call<file>> calls = {
      {"read_at", [](auto& f) { f.read_at(std::array<char, 4>(), 0); }},
      {"read_at, no room", [](auto& f) { f.read_at(k_no_room, 0); }},
      {"read_some", [](auto& f) { f.read_some(std::array<char, 4>()); }},
      {"read_some, no room", [](auto& f) { f.read_some(k_no_room); }},
      {"write_at", [](auto& f) { f.write_at("x", 0); }},
      {"write_all", [](auto& f) { f.write_all("x"); }},
      {"write_all, nothing", [](auto& f) { f.write_all(k_no_bytes); }},
      {"sync", [](auto& f) { f.sync(); }},
      {"data_sync", [](auto& f) { f.data_sync(); }},
      {"truncate", [](auto& f) { f.truncate(0); }},
      {"seek", [](auto& f) { f.seek(0); }},
      {"stat", [](auto& f) { (void)f.stat(); }},
  };
  return calls;
}

FIBER_TEST(misuse, of_a_file_that_is_closed_or_was_moved_from_is_refused) {
  const scratch_directory directory;
  auto data = file::open(directory / "data", open_flags::read_write | open_flags::create);
  data.write_all("text");
  file moved = std::move(data);
  expect_all(std::errc::bad_file_descriptor, data, file_calls());
  EXPECT_EQ(moved.size(), 4u);
  moved.close();
  expect_all(std::errc::bad_file_descriptor, moved, file_calls());
  std::error_code ec;
  moved.close(ec);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  file none;
  expect_all(std::errc::bad_file_descriptor, none, file_calls());
}

FIBER_TEST(misuse, of_a_file_by_wrong_words_is_refused_by_name) {
  const scratch_directory directory;
  const std::string path = directory / "data";
  const struct {
    std::string path;
    open_flags flags;
    std::errc error;
    std::string named;
  } k_words[] = {
      {path, open_flags{}, std::errc::invalid_argument, path},
      {path, open_flags::create, std::errc::invalid_argument, path},
      {"", open_flags::read_only, std::errc::no_such_file_or_directory, "file::open"},
      {std::string("a\0b", 3), open_flags::read_only, std::errc::invalid_argument, "a\\0b"},
      {directory.string(), open_flags::write_only, std::errc::is_a_directory, directory.string()},
  };
  for (const auto& each : k_words) {
    try {
      (void)file::open(each.path, each.flags);
      ADD_FAILURE() << each.named << ": not refused";
    } catch (const std::system_error& e) {
      EXPECT_EQ(e.code(), each.error) << e.what();
      EXPECT_NE(std::string_view(e.what()).find(each.named), std::string_view::npos) << e.what();
    }
  }
  auto data = file::open(path, open_flags::read_write | open_flags::create);
  constexpr std::uint64_t k_beyond = std::uint64_t{1} << 63;
  expect_all<file>(std::errc::invalid_argument, data,
                   {{"read_at", [](auto& f) { f.read_at(std::array<char, 4>(), k_beyond); }},
                    {"write_at", [](auto& f) { f.write_at("x", k_beyond); }},
                    {"seek", [](auto& f) { f.seek(std::numeric_limits<std::uint64_t>::max()); }},
                    {"truncate", [](auto& f) { f.truncate(k_beyond); }}});
  EXPECT_EQ(data.size(), 0u);
}

// They share one position, so that each byte is read by one of them, whatever pieces they get.
FIBER_TEST(misuse, of_a_file_by_two_who_read_in_sequence_loses_no_byte) {
  const scratch_directory directory;
  net::write_file(directory / "data", std::string(30'000, 'x'));
  auto data = file::open(directory / "data");
  std::atomic<std::size_t> all{0};
  std::vector<join_handle<void>> readers;
  for (int i = 0; i < 2; ++i)
    readers.push_back(spawn([&] {
      std::array<char, 100> piece;
      while (const std::size_t n = data.read_some(piece)) all += n;
    }));
  for (auto& each : readers) each.join();
  EXPECT_EQ(all, 30'000u);
}

// --- Children.

FIBER_TEST(misuse, of_a_child_is_refused_by_name) {
  process child({"cat"}, {.in = stdio::pipe(), .out = stdio::null(), .err = stdio::null()});
  for (net::descriptor_stream* const each : {&child.out(), &child.err()}) {
    EXPECT_EQ(read_error(*each), std::errc::bad_file_descriptor) << "there is no pipe";
    EXPECT_EQ(write_error(*each), std::errc::bad_file_descriptor);
  }
  try {
    child.kill(9999);
    ADD_FAILURE();
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), std::errc::invalid_argument);
    EXPECT_NE(std::string_view(e.what()).find("signal 9999"), std::string_view::npos) << e.what();
  }
  child.in().write_all(k_no_bytes);
  child.in().close();
  EXPECT_EQ(write_error(child.in()), std::errc::bad_file_descriptor);
  EXPECT_TRUE(child.wait().success());
  child.kill();  // over: nothing to do
  child.detach();
  const std::vector<wrong_call<process>> calls = {
      {"wait", [](auto& p) { p.wait(); }},
      {"wait_for", [](auto& p) { (void)p.wait_for(std::chrono::seconds(1)); }},
      {"try_wait", [](auto& p) { (void)p.try_wait(); }},
      {"kill", [](auto& p) { p.kill(); }},
      {"terminate", [](auto& p) { p.terminate(); }},
      {"detach", [](auto& p) { p.detach(); }},
      {"in", [](auto& p) { (void)p.in(); }},
      {"out", [](auto& p) { (void)p.out(); }},
      {"err", [](auto& p) { (void)p.err(); }},
  };
  expect_all(std::errc::no_child_process, child, calls);
  process none;
  expect_all(std::errc::no_child_process, none, calls);
  expect_no_children();
}

}  // namespace
}  // namespace weft::testing
