// Room: tests of netpoll. copy from a file: every byte once and in order, whichever way it goes; parts; what ends it;
// and where the file's position is afterwards.

#include <weft/netpoll/copy_file.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/buffered_stream.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/netpoll/unix_stream.hpp>
#include <weft/runtime/spawn.hpp>

#include "buffer_pool.hpp"
#include "faults.hpp"
#include "file_calls.hpp"
#include "file_sending.hpp"
#include "net_support.hpp"
#include "scratch_directory.hpp"
#if defined(__linux__) && !defined(WEFT_AS_ELSEWHERE)
#include "send_file_calls.hpp"
#endif
#include "syscalls.hpp"

namespace weft::testing {
namespace {

using net::any_stream;
using net::file;
using net::file_range;
using net::open_flags;
using net::detail::chunk_buffers;
using net::detail::fault_injection;
using namespace std::chrono_literals;

using file_bytes = std::vector<unsigned char>;

constexpr std::size_t k_much = 3'000'000;  // more than a socket takes, and two pieces

struct filled_file {
  scratch_directory directory;
  file_bytes content;
  file data;

  explicit filled_file(std::size_t size)
      : content(pattern(size, size)),
        data(file::open(directory / "data", open_flags::read_write | open_flags::create)) {
    data.write_at(content, 0);
  }

  // Out of the page cache, where the file system lets that be asked for.
  void cool() {
    data.sync();
#if defined(POSIX_FADV_DONTNEED)
    static_cast<void>(::posix_fadvise(data.native_handle(), 0, 0, POSIX_FADV_DONTNEED));
#endif
  }
};

struct way_out {
  const char* name;
  any_stream to, sink;
};

template <class Both>
way_out way_by(const char* name, Both both) {
  auto& [to, sink] = both;
  return {name, std::move(to), std::move(sink)};
}

std::vector<way_out> ways_out() {
  std::vector<way_out> all;
  all.push_back(way_by("tcp", connect()));
  all.push_back(way_by("unix", net::unix_stream::pair()));
  all.push_back(way_by("pipe", net::pipe()));
  auto [to, sink] = connect();
  all.push_back({"buffered", net::buffered_stream(std::move(to)), std::move(sink)});
  return all;
}

file_bytes all_that_comes(any_stream& from) {
  file_bytes got;
  for (std::error_code ec;;) {
    const auto next = from.read_chunk(ec);
    if (net::detail::is_exhaustion(ec)) continue;  // as the faults are drawn, for both sides
    if (next.empty()) return got;
    const auto* const data = reinterpret_cast<const unsigned char*>(next.data());
    got.insert(got.end(), data, data + next.size());
  }
}

file_bytes part_of(const file_bytes& whole, std::size_t position, std::size_t size) {
  const auto first = whole.begin() + static_cast<std::ptrdiff_t>(std::min(position, whole.size()));
  return {first, first + static_cast<std::ptrdiff_t>(
                             std::min<std::size_t>(size, static_cast<std::size_t>(whole.end() - first)))};
}

FIBER_TEST(copy_file, brings_every_byte_once_and_leaves_the_sink_open) {
  for (const bool is_cold : {false, true})
    for (const std::size_t size : {std::size_t{0}, std::size_t{100}, net::chunk::max_size(), std::size_t{1'200'000}}) {
      filled_file from(size);
      for (way_out& way : ways_out()) {
        if (is_cold && size > net::chunk::max_size()) from.cool();
        auto reader = spawn([&way] { return all_that_comes(way.sink); });
        from.data.seek(0);
        EXPECT_EQ(net::copy(from.data, way.to), size) << way.name;
        EXPECT_EQ(net::copy(from.data, way.to), 0u) << "it stands at its end";
        way.to.write_all("trailer");
        way.to.shutdown_write();
        file_bytes got = reader.join();
        ASSERT_EQ(got.size(), size + 7) << way.name;
        EXPECT_EQ(std::string(got.end() - 7, got.end()), "trailer");
        got.resize(size);
        EXPECT_TRUE(got == from.content) << way.name;
      }
    }
  EXPECT_EQ(chunk_buffers.lent(), 0u);
}

FIBER_TEST(copy_file, of_a_part_neither_looks_at_the_position_nor_moves_it) {
  filled_file from(k_much);
  from.data.seek(77);
  const file_range parts[] = {{},
                              {.position = 5},
                              {.position = 20'000, .size = 1'100'000},
                              {.position = 3, .size = 9},
                              {.position = k_much - 10, .size = 100},
                              {.position = k_much + 5},
                              {.position = 9, .size = 0}};
  for (const file_range& part : parts) {
    auto [to, sink] = connect();
    any_stream end(std::move(sink));
    auto reader = spawn([&end] { return all_that_comes(end); });
    const file_bytes expected = part_of(from.content, part.position, part.size);
    EXPECT_EQ(net::copy(from.data, to, part), expected.size());
    to.close();
    EXPECT_TRUE(reader.join() == expected) << part.position << " and " << part.size << " bytes";
  }
  char next[4];
  EXPECT_EQ(from.data.read_some(next), 4u);
  EXPECT_EQ(static_cast<unsigned char>(next[0]), from.content[77]);
  auto [to, sink] = connect();
  expect_error(std::errc::invalid_argument, [&, &to = to] { net::copy(from.data, to, {.position = ~0ull}); });
}

// Nobody reads at first, so that the copy fills what there is on the way, and waits.
struct waiting_copy {
  filled_file from{k_much};
  net::tcp_stream to, sink;
  std::uint64_t copied = 0;
  std::error_code error;
  join_handle<void> copying;

  waiting_copy() {
    auto [near, far] = connect();
    to = std::move(near);
    sink = std::move(far);
    to.set_send_buffer(65536);
    sink.set_receive_buffer(65536);
    copying = spawn([this] { copied = net::copy(from.data, to, error); });
    await_parked(1, net::detail::k_has_send_file ? "copy write" : "tcp write");
  }

  file_bytes rest() {
    any_stream end(std::ref(sink));
    return all_that_comes(end);
  }

  // Where it goes on: behind what has been taken.
  void expect_to_stand_behind_what_was_taken() {
    to.close();
    const std::size_t taken = rest().size();
    unsigned char next[1] = {0};
    ASSERT_EQ(from.data.read_some(next), 1u);
    EXPECT_LT(taken, k_much);
    EXPECT_EQ(next[0], from.content[taken]);
  }
};

FIBER_TEST(copy_file, that_waits_ends_by_all_that_ends_a_write_and_the_file_stands_behind_what_was_taken) {
  {
    waiting_copy it;
    it.to.set_write_deadline(0s);
    it.copying.join();
    EXPECT_EQ(it.error, std::errc::timed_out);
    EXPECT_GT(it.copied, 0u);
    it.expect_to_stand_behind_what_was_taken();
  }
  {
    waiting_copy it;
    it.copying.request_stop();
    expect_error(std::errc::operation_canceled, [&it] { it.copying.join(); });
    if (net::detail::k_has_send_file) it.expect_to_stand_behind_what_was_taken();
  }
  {
    waiting_copy it;
    it.to.close();
    it.copying.join();
    EXPECT_EQ(it.error, std::errc::operation_canceled);
    expect_error(std::errc::bad_file_descriptor, [&it] { net::copy(it.from.data, it.to, file_range{}); });
  }
  {
    waiting_copy it;  // with bytes unread its end is a reset; SIGPIPE would end the process
    it.sink.close();
    it.copying.join();
    EXPECT_TRUE(it.error == std::errc::connection_reset || it.error == std::errc::broken_pipe) << it.error;
    EXPECT_GT(it.copied, 0u);
  }
}

FIBER_TEST(copy_file, of_one_that_is_closed_or_shrinks_meanwhile_says_so) {
  {
    waiting_copy it;
    it.from.data.close();
    auto reader = spawn([&it] { return it.rest(); });
    it.copying.join();
    it.to.close();
    EXPECT_EQ(it.error, std::errc::operation_canceled);
    EXPECT_LT(it.copied, k_much);
    EXPECT_TRUE(part_of(it.from.content, 0, it.copied) == reader.join());
  }
  {
    waiting_copy it;
    it.from.data.truncate(k_much / 3 * 2);
    auto reader = spawn([&it] { return it.rest(); });
    it.copying.join();
    it.to.close();
    EXPECT_FALSE(it.error) << it.error;
    EXPECT_LT(it.copied, k_much) << "its end, wherever that was";
    EXPECT_TRUE(part_of(it.from.content, 0, it.copied) == reader.join());
  }
}

FIBER_TEST(copy_file, is_whole_though_calls_are_interrupted_refused_and_cut_short) {
  filled_file from(600'000);
  for (way_out& way : ways_out()) {
    const fault_injection faults({.seed = seed_of_this_test(), .interrupted = 100, .short_transfer = 300});
    auto reader = spawn([&way] { return all_that_comes(way.sink); });
    EXPECT_EQ(net::copy(from.data, way.to, file_range{}), from.content.size()) << way.name;
    way.to.shutdown_write();
    EXPECT_TRUE(reader.join() == from.content) << way.name;
  }
  // Refused in the middle, it says how far it came, and another one goes on there.
  auto [to, sink] = connect();
  any_stream end(std::move(sink));
  auto reader = spawn([&end] { return all_that_comes(end); });
  std::uint64_t tries = 0, refusals = 0;
  for (std::uint64_t sent = 0; sent < from.content.size();) {
    const fault_injection faults({.seed = seed_of_this_test() + ++tries, .short_transfer = 900, .refused = 100});
    std::error_code ec;
    sent += net::copy(from.data, to, file_range{.position = sent}, ec);
    refusals += ec ? 1 : 0;
    EXPECT_TRUE(!ec || net::detail::is_exhaustion(ec)) << ec;
  }
  to.close();
  EXPECT_TRUE(reader.join() == from.content) << refusals << " refusals";
}

FIBER_TEST(copy_file, to_a_connection_that_breaks_counts_what_was_taken) {
  filled_file from(600'000);
  for (std::uint64_t round = 0; round < 6; ++round) {
    auto [to, sink] = connect();
    const fault_injection faults({.seed = seed_of_this_test() + round, .short_transfer = 700, .reset = 60});
    any_stream end(std::move(sink));
    auto reader = spawn([&end] { return all_that_comes(end); });
    std::error_code ec;
    const std::uint64_t copied = net::copy(from.data, to, file_range{}, ec);
    to.close();
    const file_bytes got = reader.join();
    EXPECT_LE(got.size(), copied);
    EXPECT_TRUE(part_of(from.content, 0, got.size()) == got);
    EXPECT_TRUE(ec || copied == from.content.size());
  }
}

FIBER_TEST(copy_file, names_the_file_and_what_is_none) {
  file none;
  auto [near, far] = net::pipe();
  expect_error(std::errc::bad_file_descriptor, [&, &near = near] { net::copy(none, near); });
  const scratch_directory directory;
  auto unreadable = file::open(directory / "written", open_flags::write_only | open_flags::create);
  try {
    net::copy(unreadable, near);
    ADD_FAILURE();
  } catch (const std::system_error& e) {
    EXPECT_NE(std::string(e.what()).find("written"), std::string::npos) << e.what();
  }
}

FIBER_TEST(copy_file, many_parts_of_one_at_once) {
  filled_file from(1'000'000);
  std::vector<join_handle<bool>> parts;
  for (std::size_t i = 0; i < 20; ++i)
    parts.push_back(spawn([&from, i] {
      auto [to, sink] = net::unix_stream::pair();
      any_stream end(std::move(sink));
      auto reader = spawn([&end] { return all_that_comes(end); });
      const file_range part{.position = i * 40'000, .size = 200'000};
      net::copy(from.data, to, part);
      to.close();
      return reader.join() == part_of(from.content, part.position, part.size);
    }));
  for (auto& each : parts) EXPECT_TRUE(each.join());
}

#if defined(__linux__) && !defined(WEFT_AS_ELSEWHERE)
// What decides who sends: the worker, or a helper that may wait for the disk.
FIBER_TEST(copy_file, asks_whether_the_page_cache_has_a_piece) {
  filled_file from(3000);
  const int fd = from.data.native_handle();
  std::byte one[1];
  const auto has_first = [&] { return net::detail::read_cached(fd, one, 0).count == 1; };
  if (!has_first()) GTEST_SKIP() << "a file system that does not tell";
  if (!net::detail::is_in_page_cache(fd, 0, 3000)) GTEST_SKIP() << "a kernel without cachestat";
  EXPECT_TRUE(net::detail::is_in_page_cache(fd, 0, 1 << 20)) << "it ends before";
  EXPECT_TRUE(net::detail::is_in_page_cache(fd, 1 << 20, 1 << 20)) << "nothing to wait for";
  from.cool();
  // In this order: a read that does not wait has the page fetched, and gets it if the disk is quick.
  EXPECT_TRUE(!net::detail::is_in_page_cache(fd, 0, 3000) || has_first());
  from.data.read_at(one, 0);
  EXPECT_TRUE(net::detail::is_in_page_cache(fd, 0, 3000));
  const fault_injection faults({.seed = seed_of_this_test(), .refused = 1024});
  EXPECT_FALSE(net::detail::is_in_page_cache(fd, 0, 3000)) << "not told is not there";
}
#endif

}  // namespace
}  // namespace weft::testing
