// Room: tests of netpoll. Descriptors of every kind as streams: what holds for every stream holds for each of them, and
// their flags are afterwards what they were.

#include <weft/netpoll/descriptor_stream.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <string>

#include <faults.hpp>
#include <sys/signalfd.h>

#include <gtest/gtest.h>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>

#include "file/descriptor_support.hpp"
#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::descriptor_stream;
using namespace std::chrono_literals;

std::size_t read_one(descriptor_stream& stream) {
  alignas(inotify_event) std::array<char, 512> buf;
  return stream.read_some(buf);
}

FIBER_TEST(descriptor_stream, each_kind_reads_waits_and_keeps_its_flags) {
  for_each_kind([](described& d) {
    const int flags = ::fcntl(d.read, F_GETFL);
    auto stream = descriptor_stream::borrow(d.read);
    d.feed();
    EXPECT_GT(read_one(stream), 0u) << "what is there already";
    auto reader = spawn([&] { return read_one(stream); });
    await_parked(1, "descriptor read");
    d.feed();
    EXPECT_GT(reader.join(), 0u) << "what comes while it waits";
    EXPECT_EQ(::fcntl(d.read, F_GETFL), flags);
    EXPECT_EQ(flags & O_NONBLOCK, 0) << "then this test says nothing";
  });
}

FIBER_TEST(descriptor_stream, each_kind_has_deadlines_that_reach_waits_in_progress) {
  for_each_kind([](described& d) {
    auto stream = descriptor_stream::borrow(d.read);
    auto reader = spawn([&] { return read_error(stream); });
    await_parked(1, "descriptor read");
    stream.set_read_deadline(0s);
    EXPECT_EQ(reader.join(), std::errc::timed_out);
    d.feed();
    EXPECT_EQ(read_error(stream), std::errc::timed_out) << "also if there is something to read";
    stream.set_read_deadline(descriptor_stream::time_point::max());
    EXPECT_GT(read_one(stream), 0u);
  });
}

FIBER_TEST(descriptor_stream, each_kind_is_closed_under_its_waiters_and_the_lent_one_stays_open) {
  for_each_kind([](described& d) {
    auto stream = descriptor_stream::borrow(d.read);
    auto holder = spawn([&] { return read_error(stream); });
    auto queued = spawn([&] { return read_error(stream); });
    await_parked(2, "descriptor read");
    stream.close();
    EXPECT_EQ(holder.join(), std::errc::operation_canceled);
    EXPECT_EQ(queued.join(), std::errc::operation_canceled);
    EXPECT_EQ(read_error(stream), std::errc::bad_file_descriptor);
    EXPECT_EQ(stream.native_handle(), -1);
    EXPECT_NE(::fcntl(d.read, F_GETFD), -1) << "borrowed, and closed";
    auto again = descriptor_stream::borrow(d.read);
    d.feed();
    EXPECT_GT(read_one(again), 0u) << "the poller took it for the first one";
  });
}

FIBER_TEST(descriptor_stream, each_kind_is_cancelled_and_lives_on) {
  for_each_kind([](described& d) {
    auto stream = descriptor_stream::borrow(d.read);
    bool was_cancelled = false;
    auto reader = spawn([&] {
      try {
        static_cast<void>(read_error(stream));
      } catch (const cancelled&) {
        was_cancelled = true;
        throw;
      }
    });
    await_parked(1, "descriptor read");
    reader.request_stop();
    EXPECT_ANY_THROW(reader.join());
    EXPECT_TRUE(was_cancelled);
    d.feed();
    EXPECT_GT(read_one(stream), 0u);
  });
}

FIBER_TEST(descriptor_stream, what_is_written_arrives_whole_though_the_reader_is_slow) {
  for_each_kind([](described& d) {
    if (d.write < 0) return;
    const auto sent = pattern(500'000, 7);
    auto from = descriptor_stream::borrow(d.read);
    auto to = descriptor_stream::borrow(d.write);
    auto writer = spawn([&] { to.write_all(sent); });
    await_parked(1, "descriptor write");
    EXPECT_EQ(::fcntl(d.write, F_GETFL) & O_NONBLOCK, 0);
    std::vector<unsigned char> got(sent.size());
    from.read_exactly(got);
    writer.join();
    EXPECT_TRUE(got == sent);
  });
}

FIBER_TEST(descriptor_stream, a_write_that_waits_ends_by_its_deadline_and_by_close) {
  for_each_kind([](described& d) {
    if (d.write < 0) return;
    auto to = descriptor_stream::borrow(d.write);
    const std::string much(1 << 20, 'x');
    for (const std::errc expected : {std::errc::timed_out, std::errc::operation_canceled}) {
      auto writer = spawn([&] {
        std::error_code ec;
        EXPECT_LT(to.write_all(much, ec), much.size());
        return ec;
      });
      await_parked(1, "descriptor write");
      if (expected == std::errc::timed_out) {
        to.set_write_deadline(0s);
      } else {
        to.close();
      }
      EXPECT_EQ(writer.join(), expected);
      if (to.is_open()) to.set_write_deadline(descriptor_stream::time_point::max());
    }
  });
}

// The flag of the call that keeps the signal away is new, so both ways are gone.
FIBER_TEST(descriptor_stream, a_pipe_that_nobody_reads_is_an_error_and_no_signal) {
  for (const std::uint32_t old_kernel : {0u, 1024u}) {
    const net::detail::fault_injection faults({.seed = seed_of_this_test(), .old_kernel = old_kernel});
    for_each_kind([](described& d) {
      if (d.kind != "pipe" && d.kind != "fifo" && d.kind != "socket") return;
      auto to = descriptor_stream::borrow(d.write);
      ::close(d.read);
      d.all = {d.write};
      EXPECT_EQ(write_error(to), std::errc::broken_pipe);
      sigset_t pending;
      ::sigpending(&pending);
      EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
    });
  }
}

FIBER_TEST(descriptor_stream, a_pipe_ends_when_its_writer_says_so) {
  const scratch_directory directory;
  described d;
  describe_pipe(d, directory);
  auto from = descriptor_stream::adopt(d.read);
  auto to = descriptor_stream::adopt(d.write);
  d.all.clear();
  auto reader = spawn([&] { return read_one(from); });
  await_parked(1, "descriptor read");
  to.shutdown_write();
  EXPECT_EQ(reader.join(), 0u);
  EXPECT_FALSE(to.is_open()) << "there is nothing else to do with it";
  expect_error(std::errc::not_a_socket, [&] { from.shutdown_write(); });
}

FIBER_TEST(descriptor_stream, files_on_a_disk_are_refused_with_the_remedy_and_stay_the_callers) {
  const scratch_directory directory;
  const int file = checked(::open((directory / "file").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  const int folder = checked(::open(directory.string().c_str(), O_RDONLY | O_CLOEXEC));
  for (const int fd : {file, folder}) {
    try {
      static_cast<void>(descriptor_stream::adopt(fd));
      ADD_FAILURE() << "taken";
    } catch (const std::system_error& e) {
      EXPECT_EQ(e.code(), net::errc::not_a_stream);
      EXPECT_EQ(e.code(), std::errc::invalid_argument);
      EXPECT_NE(std::string(e.what()).find("descriptor " + std::to_string(fd)), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find("net::file"), std::string::npos) << e.what();
    }
    EXPECT_EQ(::close(fd), 0);
  }
  expect_error(std::errc::bad_file_descriptor, [] { static_cast<void>(descriptor_stream::borrow(-1)); });
}

FIBER_TEST(descriptor_stream, what_never_waits_is_always_ready) {
  auto null = descriptor_stream::adopt(checked(::open("/dev/null", O_RDWR | O_CLOEXEC)));
  EXPECT_EQ(read_one(null), 0u);
  null.write_all("into nothing");
  auto zeros = descriptor_stream::adopt(checked(::open("/dev/zero", O_RDONLY | O_CLOEXEC)));
  std::array<char, 8> buf;
  buf.fill('x');
  zeros.read_exactly(buf);
  EXPECT_EQ(buf, (std::array<char, 8>{}));
}

// That reads are refused the flag here in yet another way (EINVAL) must not be told to the reader. To read one takes
// a signal that every thread of the process blocks.
FIBER_TEST(descriptor_stream, a_signalfd_is_waited_for) {
  sigset_t mine;
  sigemptyset(&mine);
  sigaddset(&mine, SIGWINCH);  // ignored where it is not blocked
  auto signals = descriptor_stream::adopt(checked(::signalfd(-1, &mine, SFD_CLOEXEC)));
  auto reader = spawn([&] { return read_error(signals); });
  await_parked(1, "descriptor read");
  signals.close();
  EXPECT_EQ(reader.join(), std::errc::operation_canceled);
}

// As its manual has them.
FIBER_TEST(descriptor_stream, timers_and_changes_of_a_directory_are_read_like_any_stream) {
  auto ticks = descriptor_stream::adopt(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  const itimerspec every_millisecond = {{0, 1'000'000}, {0, 1'000'000}};
  ::timerfd_settime(ticks.native_handle(), 0, &every_millisecond, nullptr);
  std::uint64_t passed = 0;
  EXPECT_EQ(ticks.read_some(std::as_writable_bytes(std::span(&passed, 1))), sizeof(passed));
  EXPECT_GE(passed, 1u);

  const scratch_directory directory;
  auto changes = descriptor_stream::adopt(::inotify_init1(IN_CLOEXEC));
  ::inotify_add_watch(changes.native_handle(), directory.string().c_str(), IN_CLOSE_WRITE);
  auto reader = spawn([&] {
    alignas(inotify_event) char events[4096];
    EXPECT_GT(changes.read_some(events), sizeof(inotify_event));
    inotify_event first{};
    std::memcpy(&first, events, sizeof(first));
    EXPECT_EQ(first.mask, std::uint32_t{IN_CLOSE_WRITE});
    return std::string(events + sizeof(first));
  });
  await_parked(1, "descriptor read");
  ::close(checked(::open((directory / "site.conf").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)));
  EXPECT_EQ(reader.join(), "site.conf");
}

FIBER_TEST(descriptor_stream, interruptions_and_short_transfers_lose_no_byte) {
  const net::detail::fault_injection faults(
      {.seed = seed_of_this_test(), .interrupted = 100, .short_transfer = 300, .old_kernel = 300});
  for_each_kind([](described& d) {
    if (d.write < 0) return;
    const auto sent = pattern(20'000, 3);
    auto from = descriptor_stream::borrow(d.read);
    auto to = descriptor_stream::borrow(d.write);
    auto writer = spawn([&] { to.write_all(sent); });
    std::vector<unsigned char> got(sent.size());
    from.read_exactly(got);
    writer.join();
    EXPECT_TRUE(got == sent);
  });
}

FIBER_TEST(descriptor_stream, a_shortage_refuses_or_slows_down_and_leaks_nothing) {
  const net::detail::fault_injection faults({.seed = seed_of_this_test(), .exhausted = 400, .unwatched = 400});
  int refused = 0;
  for (int i = 0; i < 5; ++i) {
    for_each_kind([&](described& d) {
      std::error_code ec;
      auto stream = descriptor_stream::borrow(d.read, ec);
      if (ec) {
        ++refused;
        EXPECT_FALSE(stream.is_open());
        return;
      }
      d.feed();
      EXPECT_GT(read_one(stream), 0u) << d.kind;
    });
  }
  EXPECT_GT(refused, 0);
}

TEST(descriptor_stream, closes_after_its_runtime_has_ended) {
  const scratch_directory directory;
  described d;
  describe_pipe(d, directory);
  descriptor_stream kept;
  {
    runtime rt({.workers = 1});
    kept = rt.run([&] { return descriptor_stream::borrow(d.read); });
  }
  EXPECT_TRUE(kept.is_open());
  kept.close();
  EXPECT_THROW(static_cast<void>(descriptor_stream::borrow(d.read)), std::logic_error);
}

}  // namespace
}  // namespace weft::testing
