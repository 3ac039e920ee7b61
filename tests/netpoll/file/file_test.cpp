// Room: tests of netpoll. Files on a disk: bytes at positions and in sequence, what the whole file is asked, and who is
// told what went wrong.

#include <weft/netpoll/file.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <faults.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/spawn.hpp>

#include "file/descriptor_support.hpp"
#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::file;
using net::open_flags;

constexpr auto k_new = open_flags::read_write | open_flags::create | open_flags::exclusive;

FIBER_TEST(file, reads_at_a_position_what_was_written_there) {
  const scratch_directory directory;
  auto data = file::open(directory / "data", k_new);
  const auto sent = pattern(300'000, 1);
  data.write_at(sent, 1000);
  std::vector<unsigned char> got(sent.size());
  EXPECT_EQ(data.read_at(got, 1000), got.size());
  EXPECT_TRUE(got == sent);
  std::array<unsigned char, 16> across{};
  EXPECT_EQ(data.read_at(across, 300'992), 8u) << "less at the end alone";
  EXPECT_EQ(data.read_at(across, 301'000), 0u);
  EXPECT_EQ(data.read_at(across, 999), 16u);
  EXPECT_EQ(across[0], 0) << "the hole before";
  EXPECT_EQ(across[1], sent[0]);
  data.write_at("text", 0);
  char text[4];
  data.read_at(text, 0);
  EXPECT_EQ(std::string_view(text, 4), "text") << "no NUL with it";
  EXPECT_EQ(data.size(), 301'000u);
}

// What is not in the page cache, or cannot be told to be, is fetched by a helper: the same bytes.
FIBER_TEST(file, what_the_cache_has_not_is_read_all_the_same) {
  const scratch_directory directory;
  auto data = file::open(directory / "data", k_new);
  const auto sent = pattern(400'000, 2);
  data.write_all(sent);
  data.sync();
  ::posix_fadvise(data.native_handle(), 0, 200'000, POSIX_FADV_DONTNEED);
  std::vector<unsigned char> got(sent.size());
  EXPECT_EQ(data.read_at(got, 0), got.size());
  EXPECT_TRUE(got == sent);
  // No file system of /proc knows the flag.
  EXPECT_NE(net::read_file("/proc/self/status").find("Name:"), std::string::npos);
}

FIBER_TEST(file, in_sequence_each_goes_on_where_the_last_one_ended) {
  const scratch_directory directory;
  auto data = file::open(directory / "data", k_new);
  data.write_all("one ");
  data.write_all(std::string("two"));
  data.seek(2);
  std::array<char, 16> buf;
  EXPECT_EQ(data.read_some(std::span(buf).first(3)), 3u);
  EXPECT_EQ(std::string_view(buf.data(), 3), "e t");
  EXPECT_EQ(data.read_some(buf), 2u);
  EXPECT_EQ(data.read_some(buf), 0u) << "the end";
  EXPECT_EQ(data.read_some(std::span<char>()), 0u);
  auto more = file::open(directory / "data", open_flags::write_only | open_flags::append);
  more.write_all(" three");
  EXPECT_EQ(net::read_file(directory / "data"), "one two three");
}

FIBER_TEST(file, tells_of_itself_and_is_cut_and_kept) {
  const scratch_directory directory;
  const auto before = std::chrono::system_clock::now();
  auto data = file::open(directory / "data", k_new, 0640);
  data.write_all("0123456789");
  data.truncate(4);
  data.data_sync();
  data.sync();
  const net::file_status is = data.stat();
  EXPECT_EQ(is.size, 4u);
  EXPECT_TRUE(S_ISREG(is.mode));
  EXPECT_EQ(is.mode & 0777u & ~0640u, 0u);
  // The kernel stamps by a coarse clock, which may be a tick behind.
  EXPECT_GT(is.modified, before - std::chrono::seconds(1));
  EXPECT_LT(is.modified, std::chrono::system_clock::now() + std::chrono::seconds(1));
  EXPECT_EQ(data.path(), directory / "data");
  EXPECT_EQ(::fcntl(data.native_handle(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

FIBER_TEST(file, errors_name_the_path) {
  const scratch_directory directory;
  try {
    static_cast<void>(file::open(directory / "none"));
    ADD_FAILURE() << "opened";
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), std::errc::no_such_file_or_directory);
    EXPECT_NE(std::string(e.what()).find(directory / "none"), std::string::npos) << e.what();
  }
  net::write_file(directory / "data", "abc");
  expect_error(std::errc::file_exists, [&] { static_cast<void>(file::open(directory / "data", k_new)); });
  expect_error(std::errc::invalid_argument,
               [&] { static_cast<void>(file::open(directory / "data", open_flags::create)); });
  expect_error(std::errc::invalid_argument,
               [&] { static_cast<void>(file::open(directory / "data", static_cast<open_flags>(64 + 1))); });
  expect_error(std::errc::invalid_argument, [] { static_cast<void>(file::open(std::string("/tmp\0x", 6))); });
  auto only_read = file::open(directory / "data");
  expect_error(std::errc::bad_file_descriptor, [&] { only_read.write_all("no"); });
  expect_error(std::errc::invalid_argument, [&] { only_read.seek(~std::uint64_t{0}); });
  expect_error(std::errc::invalid_argument, [&] { only_read.write_at("x", ~std::uint64_t{0}); });
  expect_error(std::errc::file_too_large, [&] { static_cast<void>(net::read_file(directory / "data", 2)); });
  std::error_code ec;
  char buf[8];
  EXPECT_EQ(only_read.read_at(buf, 1, ec), 2u);
  EXPECT_FALSE(ec);
  const auto folder = file::open(directory.string());
  auto& reading = const_cast<file&>(folder);
  expect_error(std::errc::is_a_directory, [&] { reading.read_at(buf, 0); });
}

FIBER_TEST(file, closed_it_refuses_everything) {
  const scratch_directory directory;
  auto data = file::open(directory / "data", k_new);
  data.close();
  data.close();
  std::error_code ec;
  data.close(ec);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  char buf[1];
  const auto refused = std::errc::bad_file_descriptor;
  expect_error(refused, [&] { data.read_at(buf, 0); });
  expect_error(refused, [&] { data.read_some(buf); });
  expect_error(refused, [&] { data.write_all("x"); });
  expect_error(refused, [&] { data.write_at("x", 0); });
  expect_error(refused, [&] { data.sync(); });
  expect_error(refused, [&] { data.truncate(0); });
  expect_error(refused, [&] { static_cast<void>(data.size()); });
  expect_error(refused, [&] { data.seek(0); });
  EXPECT_EQ(data.native_handle(), -1);
  EXPECT_FALSE(file().is_open());
}

// Whoever closes does not take the number from under a call, and whoever was asked to end hears of it first.
FIBER_TEST(file, many_read_and_write_while_one_closes) {
  const scratch_directory directory;
  auto data = file::open(directory / "data", k_new);
  data.truncate(1 << 16);
  std::vector<join_handle<void>> all;
  for (std::uint64_t i = 0; i < 8; ++i) {
    all.push_back(spawn([&data, i] {
      std::array<std::uint64_t, 64> block;
      std::error_code ec;
      for (int round = 0; round < 20 && !ec; ++round) {
        block.fill(i * 1000 + static_cast<std::uint64_t>(round));
        data.write_at(std::as_bytes(std::span(block)), i * sizeof(block), ec);
        if (ec) break;
        std::array<std::uint64_t, 64> back{};
        data.read_at(std::as_writable_bytes(std::span(back)), i * sizeof(back), ec);
        EXPECT_TRUE(ec || back == block);
      }
      EXPECT_TRUE(!ec || ec == std::errc::bad_file_descriptor) << ec.message();
    }));
  }
  this_fiber::yield();
  data.close();
  for (auto& each : all) each.join();
}

FIBER_TEST(file, every_call_that_may_wait_is_a_cancellation_point) {
  const scratch_directory directory;
  auto data = file::open(directory / "data", k_new);
  data.write_all("abc");
  std::atomic<int> heard{0};
  std::atomic<bool> has_begun{false};
  auto asked = spawn([&] {
    has_begun = true;
    while (!this_fiber::stop_token().stop_requested()) {
      const shield_guard guard;
      this_fiber::yield();
    }
    char buf[8];
    std::error_code ec;
    const auto hears = [&](auto call) {
      try {
        call();
      } catch (const cancelled&) {
        ++heard;
      }
    };
    hears([&] { data.read_at(buf, 0, ec); });
    hears([&] { data.read_some(buf, ec); });
    hears([&] { data.write_all("x", ec); });
    hears([&] { data.write_at("x", 0, ec); });
    hears([&] { data.sync(ec); });
    hears([&] { static_cast<void>(data.stat(ec)); });
    hears([&] { static_cast<void>(file::open(directory / "data", open_flags::read_only, ec)); });
  });
  wait_until([&] { return has_begun.load(); });  // one that never ran has nothing to hear
  asked.request_stop();
  asked.join();
  EXPECT_EQ(heard, 7);
  EXPECT_EQ(data.size(), 3u) << "and nothing of it took effect";
}

FIBER_TEST(file, interruptions_and_short_transfers_lose_no_byte) {
  const scratch_directory directory;
  const net::detail::fault_injection faults(
      {.seed = seed_of_this_test(), .interrupted = 200, .short_transfer = 500, .exhausted = 200});
  int opened = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    std::error_code ec;
    auto data = file::open(directory / "data", open_flags::read_write | open_flags::create, ec);
    if (ec) continue;
    ++opened;
    const auto sent = pattern(20'000, i);
    data.write_at(sent, 5);
    std::vector<unsigned char> got(sent.size());
    EXPECT_EQ(data.read_at(got, 5), got.size());
    EXPECT_TRUE(got == sent);
  }
  EXPECT_GT(opened, 0);
}

TEST(file, serves_a_plain_thread_without_a_runtime) {
  const scratch_directory directory;
  net::write_file(directory / "data", "plainly");
  EXPECT_EQ(net::read_file(directory / "data"), "plainly");
  net::write_file(directory / "data", "less");
  EXPECT_EQ(net::read_file(directory / "data"), "less");
}

}  // namespace
}  // namespace weft::testing
