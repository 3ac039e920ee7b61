// Room: tests of posix. What a call that waits for one descriptor promises, for every kind of descriptor and every call
// that reads it.

#include <weft/posix.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <support/descriptor_ends.hpp>
#include <support/fiber_test.hpp>
#include <support/fibers.hpp>
#include <weft/runtime/pin_guard.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "kinds.hpp"

namespace {

namespace posix = weft::posix;
using weft::testing::all_kinds;
using weft::testing::kind;
using weft::testing::pair_of_ends;
using weft::testing::wait_until_all_parked;

struct reading_call {
  const char* name;
  bool for_sockets;
  ssize_t (*call)(int fd, void* buffer, std::size_t size);
};

ssize_t by_readv(int fd, void* buffer, std::size_t size) {
  const iovec parts[2] = {{buffer, 0}, {buffer, size}};
  return posix::readv(fd, parts, 2);
}
ssize_t by_recv(int fd, void* buffer, std::size_t size) { return posix::recv(fd, buffer, size, 0); }
ssize_t by_recvfrom(int fd, void* buffer, std::size_t size) {
  return posix::recvfrom(fd, buffer, size, 0, nullptr, nullptr);
}
ssize_t by_recvmsg(int fd, void* buffer, std::size_t size) {
  iovec part{buffer, size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return posix::recvmsg(fd, &message, 0);
}
// errno is the thread's, and every fiber on it has it: nothing for the race detector.
__attribute__((noinline, no_sanitize("thread"))) ssize_t refuse(int error) {
  errno = error;
  return -1;
}
// One call more, so that a wait by poll is asked for all that a read is asked for.
ssize_t by_poll(int fd, void* buffer, std::size_t size) {
  pollfd look{fd, POLLIN, 0};
  const int found = posix::poll(&look, 1, -1);
  if (found < 0) return found;
  EXPECT_EQ(found, 1);
  if ((look.revents & POLLNVAL) != 0) return refuse(ECANCELED);
  return posix::read(fd, buffer, size);
}

constexpr reading_call k_reading_calls[] = {
    {"read", false, &posix::read},    {"readv", false, &by_readv},    {"recv", true, &by_recv},
    {"recvfrom", true, &by_recvfrom}, {"recvmsg", true, &by_recvmsg}, {"poll", false, &by_poll},
};

void for_each_kind_and_call(const std::function<void(const kind&, const reading_call&)>& body) {
  const weft::pin_guard pin;  // a trace belongs to the thread
  for (const kind& each : all_kinds())
    for (const reading_call& call : k_reading_calls) {
      if (call.for_sockets && !each.is_socket) continue;
      SCOPED_TRACE(std::string(each.name) + ", " + call.name);
      body(each, call);
    }
}

struct answer {
  ssize_t result;
  int error;
};
answer ask(const reading_call& call, int fd, std::size_t size) {
  std::array<char, 64> buffer{};
  const ssize_t n = call.call(fd, buffer.data(), size);
  return {n, n < 0 ? posix::last_error() : 0};
}

FIBER_TEST(posix, a_reading_call_takes_what_is_there_and_waits_for_what_is_not) {
  for_each_kind_and_call([](const kind& of, const reading_call& call) {
    pair_of_ends ends;
    of.open(ends);
    const int flags = ::fcntl(ends.waited, F_GETFL);
    of.make_readable(ends);
    EXPECT_EQ(ask(call, ends.waited, of.size).result, 8);
    auto reader = weft::spawn([&] { EXPECT_EQ(ask(call, ends.waited, of.size).result, 8); });
    wait_until_all_parked();
    EXPECT_EQ(::fcntl(ends.waited, F_GETFL), flags);
    of.make_readable(ends);
    reader.join();
    EXPECT_EQ(::fcntl(ends.waited, F_GETFL), flags);
    posix::close(ends.waited);
    ends.waited = -1;
  });
}

FIBER_TEST(posix, a_reading_call_ends_by_cancellation_before_and_in_its_wait) {
  for_each_kind_and_call([](const kind& of, const reading_call& call) {
    pair_of_ends ends;
    of.open(ends);
    auto reader = weft::spawn([&] {
      for (int i = 0; i < 2; ++i) {  // the second one finds that it is asked to end
        const answer got = ask(call, ends.waited, of.size);
        EXPECT_EQ(got.result, -1);
        EXPECT_EQ(got.error, ECANCELED);
      }
    });
    wait_until_all_parked();
    reader.request_stop();
    reader.join();
    posix::close(ends.waited);
    ends.waited = -1;
  });
}

FIBER_TEST(posix, close_wakes_who_waits_in_a_reading_call) {
  for_each_kind_and_call([](const kind& of, const reading_call& call) {
    pair_of_ends ends;
    of.open(ends);
    auto reader = weft::spawn([&] {
      const answer got = ask(call, ends.waited, of.size);
      EXPECT_EQ(got.result, -1);
      EXPECT_EQ(got.error, ECANCELED);
      EXPECT_EQ(posix::read(ends.waited, nullptr, 1), -1);
      EXPECT_EQ(posix::last_error(), EBADF);
    });
    wait_until_all_parked();
    EXPECT_EQ(posix::close(ends.waited), 0);
    reader.join();
    ends.waited = -1;
  });
}

FIBER_TEST(posix, a_descriptor_that_the_caller_made_nonblocking_says_so) {
  for_each_kind_and_call([](const kind& of, const reading_call& call) {
    if (std::string(call.name) == "poll") return;  // waits all the same
    pair_of_ends ends;
    of.open(ends);
    ::fcntl(ends.waited, F_SETFL, ::fcntl(ends.waited, F_GETFL) | O_NONBLOCK);
    const answer got = ask(call, ends.waited, of.size);
    EXPECT_EQ(got.result, -1);
    EXPECT_EQ(got.error, EAGAIN);
    posix::close(ends.waited);
    ends.waited = -1;
  });
}

FIBER_TEST(posix, a_socket_that_has_a_time_limit_says_EAGAIN_when_it_is_over) {
  for_each_kind_and_call([](const kind& of, const reading_call& call) {
    if (!of.is_socket || std::string(call.name) == "poll") return;
    pair_of_ends ends;
    of.open(ends);
    const timeval soon{0, 1000};
    ::setsockopt(ends.waited, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
    const answer got = ask(call, ends.waited, of.size);
    EXPECT_EQ(got.result, -1);
    EXPECT_EQ(got.error, EAGAIN);
    posix::close(ends.waited);
    ends.waited = -1;
  });
}

FIBER_TEST(posix, several_fibers_wait_for_one_descriptor_and_each_gets_what_is_its) {
  for_each_kind_and_call([](const kind& of, const reading_call& call) {
    if (std::string(call.name) == "poll") return;  // one may take what another has seen
    pair_of_ends ends;
    of.open(ends);
    weft::testing::fibers readers;
    std::atomic<int> served{0};
    for (int i = 0; i < 3; ++i)
      readers.push_back(weft::spawn([&] {
        EXPECT_EQ(ask(call, ends.waited, of.size).result, 8);
        ++served;
      }));
    wait_until_all_parked();
    for (int i = 1; i <= 3; ++i) {
      of.make_readable(ends);
      weft::testing::wait_until([&] { return served >= i; });
      EXPECT_EQ(served, i);
    }
    weft::testing::join_all(readers);
    posix::close(ends.waited);
    ends.waited = -1;
  });
}

// In the race detector's cell it is the pipe, or the socket, that shows it what orders the two. So the writer goes on
// where it is until the other has read (where there is a second worker): what it did by parking would order them, too.
FIBER_TEST(posix, who_reads_comes_after_what_was_done_before_the_write) {
  for (const auto ends : {weft::testing::open_pipe_ends(), weft::testing::open_socket_ends(SOCK_STREAM)}) {
    int word = 0;
    std::atomic<bool> has_read = false;
    char letters[] = "eight...", got[sizeof(letters)] = {};
    auto reader = weft::spawn([&] {
      EXPECT_EQ(posix::read(ends.read, got, sizeof(got)), ssize_t{sizeof(got)});
      EXPECT_EQ(word, 1);
      has_read.store(true, std::memory_order_relaxed);  // relaxed: it is to order nothing
    });
    auto writer = weft::spawn([&] {
      word = 1;
      EXPECT_EQ(posix::write(ends.write, letters, sizeof(letters)), ssize_t{sizeof(letters)});
      for (int i = 0; i < 100'000 && !has_read.load(std::memory_order_relaxed); ++i) continue;  // relaxed: as above
    });
    reader.join();
    writer.join();
    EXPECT_STREQ(got, letters);
    ::close(ends.read);
    ::close(ends.write);
  }
}

// Closed by libc's own close, while what the poller knows of the number is still there.
FIBER_TEST(posix, a_number_that_changed_hands_unseen_is_served_under_what_it_stands_for_now) {
  const weft::pin_guard pin;  // as above
  for (const kind& first : all_kinds())
    for (const kind& second : all_kinds()) {
      SCOPED_TRACE(std::string(first.name) + ", then " + second.name);
      pair_of_ends before, after;
      first.open(before);
      second.open(after);
      const int number = before.waited;
      for (pair_of_ends* ends : {&before, &after}) {
        const kind& of = ends == &before ? first : second;
        if (ends == &after) {
          ::dup2(after.waited, number);
          ::close(after.waited);
          after.waited = number;
          before.waited = -1;
        }
        auto reader = weft::spawn([&] {
          char got[8];
          EXPECT_EQ(posix::read(number, got, sizeof(got)), 8);
        });
        wait_until_all_parked();
        of.make_readable(*ends);
        reader.join();
      }
    }
}

}  // namespace
