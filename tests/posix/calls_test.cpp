// Room: tests of posix. What is a call's own.

#include <weft/posix.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <support/fiber_test.hpp>
#include <support/fibers.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

#include "descriptors.hpp"

namespace {

namespace posix = weft::posix;
using weft::testing::socket_ends;
using weft::testing::temporary_file;
using weft::testing::wait_until_all_parked;

FIBER_TEST(posix, a_blocking_write_goes_on_until_all_is_out) {
  const socket_ends ends;
  const std::string text(3'000'000, 'x');
  auto writer = weft::spawn([&] {
    const iovec parts[2] = {{const_cast<char*>(text.data()), 1'000'000}, {const_cast<char*>(text.data()), 2'000'000}};
    EXPECT_EQ(posix::writev(ends.out, parts, 2), 3'000'000);
  });
  std::string got(3'000'000, '-');
  EXPECT_EQ(posix::recv(ends.in, got.data(), got.size(), MSG_WAITALL), 3'000'000);
  EXPECT_EQ(got, text);
  writer.join();
  EXPECT_EQ(::fcntl(ends.out, F_GETFL) & O_NONBLOCK, 0);
}

FIBER_TEST(posix, a_write_that_is_called_off_tells_what_went_out) {
  const socket_ends ends;
  const std::string text(3'000'000, 'x');
  auto writer = weft::spawn([&] {
    const ssize_t n = posix::send(ends.out, text.data(), text.size(), 0);
    EXPECT_GT(n, 0);
    EXPECT_LT(n, 3'000'000);
    EXPECT_EQ(posix::send(ends.out, text.data(), text.size(), 0), -1);
    EXPECT_EQ(posix::last_error(), ECANCELED);
  });
  wait_until_all_parked();
  writer.request_stop();
  writer.join();
}

FIBER_TEST(posix, a_full_datagram_peer_is_waited_for) {
  const socket_ends ends(SOCK_DGRAM);
  constexpr int k_most = 600;
  auto writer = weft::spawn([&] {
    for (int i = 0; i < k_most; ++i) EXPECT_EQ(posix::send(ends.out, &i, sizeof(i), 0), 4);
  });
  for (int i = 0, got = 0; i < k_most; ++i) {
    EXPECT_EQ(posix::recv(ends.in, &got, sizeof(got), 0), 4);
    EXPECT_EQ(got, i);
  }
  writer.join();
}

FIBER_TEST(posix, accept_and_connect_wait_and_leave_the_flags_alone) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), size), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size), 0);
  auto server = weft::spawn([&] {
    const int taken = posix::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    EXPECT_GE(taken, 0);
    EXPECT_EQ(posix::write(taken, "hello", 5), 5);
    posix::close(taken);
  });
  wait_until_all_parked();
  EXPECT_EQ(::fcntl(listener, F_GETFL) & O_NONBLOCK, 0);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(posix::connect(client, reinterpret_cast<sockaddr*>(&at), size), 0);
  EXPECT_EQ(posix::connect(client, reinterpret_cast<sockaddr*>(&at), size), -1);
  EXPECT_EQ(posix::last_error(), EISCONN);
  EXPECT_EQ(::fcntl(client, F_GETFL) & O_NONBLOCK, 0);
  char got[5];
  EXPECT_EQ(posix::recv(client, got, sizeof(got), MSG_WAITALL), 5);
  server.join();
  posix::close(listener);
  EXPECT_EQ(posix::accept(client, nullptr, nullptr), -1);
  EXPECT_EQ(posix::last_error(), EINVAL);
  const int late = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(posix::connect(late, reinterpret_cast<sockaddr*>(&at), size), -1);
  EXPECT_EQ(posix::last_error(), ECONNREFUSED);
  posix::close(late);
  posix::close(client);
}

// The kernel tells it once, to whoever comes first.
FIBER_TEST(posix, an_error_of_a_socket_reaches_the_call_that_meets_it) {
  using call = ssize_t (*)(int, void*, std::size_t);
  constexpr call k_calls[] = {&posix::read,
                              [](int fd, void* buffer, std::size_t size) { return posix::recv(fd, buffer, size, 0); },
                              [](int fd, void* buffer, std::size_t size) { return posix::write(fd, buffer, size); }};
  for (const call each : k_calls) {
    sockaddr_in nobody{};
    nobody.sin_family = AF_INET;
    nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(nobody);
    const int gone = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
              asks = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(gone, reinterpret_cast<sockaddr*>(&nobody), size), 0);
    ASSERT_EQ(::getsockname(gone, reinterpret_cast<sockaddr*>(&nobody), &size), 0);
    ASSERT_EQ(::connect(asks, reinterpret_cast<sockaddr*>(&nobody), size), 0);
    ::close(gone);
    char byte = 'x';
    ASSERT_EQ(::send(asks, &byte, 1, 0), 1);  // refused at once, on loopback
    EXPECT_EQ(each(asks, &byte, 1), -1);
    EXPECT_EQ(posix::last_error(), ECONNREFUSED);
    posix::close(asks);
  }
}

FIBER_TEST(posix, poll_waits_for_more_descriptors_than_a_set_has_room_for) {
  constexpr int k_many = 1'100;
  rlimit room{};
  ::getrlimit(RLIMIT_NOFILE, &room);
  if (room.rlim_cur < k_many + 100) {
    room.rlim_cur = std::min<rlim_t>(room.rlim_max, k_many + 100);
    if (::setrlimit(RLIMIT_NOFILE, &room) != 0 || room.rlim_cur < k_many + 100) GTEST_SKIP() << "RLIMIT_NOFILE";
  }
  std::vector<pollfd> looks(k_many);
  for (pollfd& each : looks) each = {::eventfd(0, EFD_CLOEXEC), POLLIN, 0};
  auto poller = weft::spawn([&] { EXPECT_EQ(posix::poll(looks.data(), looks.size(), -1), 1); });
  wait_until_all_parked();
  ::eventfd_write(looks.back().fd, 1);
  poller.join();
  EXPECT_EQ(looks.back().revents, POLLIN);
  EXPECT_EQ(looks.front().revents, 0);
  for (const pollfd& each : looks) posix::close(each.fd);
}

FIBER_TEST(posix, poll_and_its_like_wait_for_what_they_name) {
  const socket_ends ends;
  const int inner = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{EPOLLIN, {}};
  ASSERT_EQ(::epoll_ctl(inner, EPOLL_CTL_ADD, ends.in, &event), 0);
  for (int round = 0; round < 2; ++round) {
    auto by_epoll = weft::spawn([&] {
      epoll_event got{};
      EXPECT_EQ(posix::epoll_wait(inner, &got, 1, -1), 1);
    });
    auto by_poll = weft::spawn([&] {
      pollfd looks[3] = {{-1, POLLIN, 0}, {ends.in, POLLIN, 0}, {ends.in, POLLPRI, 0}};
      const timespec long_enough{60, 0};
      EXPECT_EQ(posix::ppoll(looks, 3, &long_enough, nullptr), 1);
      EXPECT_EQ(looks[1].revents, POLLIN);
    });
    auto by_select = weft::spawn([&] {
      fd_set in;
      FD_ZERO(&in);
      FD_SET(ends.in, &in);
      timeval long_enough{60, 0};
      EXPECT_EQ(posix::select(ends.in + 1, &in, nullptr, nullptr, &long_enough), 1);
      EXPECT_TRUE(FD_ISSET(ends.in, &in));
      EXPECT_LE(long_enough.tv_sec, 60);
    });
    wait_until_all_parked();
    EXPECT_EQ(posix::write(ends.out, "x", 1), 1);
    by_epoll.join();
    by_poll.join();
    by_select.join();
    char got = 0;
    EXPECT_EQ(posix::read(ends.in, &got, 1), 1);
  }
  pollfd look{ends.in, POLLIN, 0};
  EXPECT_EQ(posix::poll(&look, 1, 1), 0);
  pollfd closed{99'999, POLLIN, 0};
  EXPECT_EQ(posix::poll(&closed, 1, -1), 1);
  EXPECT_EQ(closed.revents, POLLNVAL);
  EXPECT_EQ(posix::select(FD_SETSIZE + 1, nullptr, nullptr, nullptr, nullptr), -1);
  EXPECT_EQ(posix::last_error(), EINVAL);
  posix::close(inner);
}

FIBER_TEST(posix, sleeps_end_by_time_and_by_cancellation) {
  const timespec short_one{0, 1000}, wrong{0, 1'000'000'000}, long_one{60, 0};
  EXPECT_EQ(posix::nanosleep(&short_one, nullptr), 0);
  EXPECT_EQ(posix::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &short_one, nullptr), 0);
  EXPECT_EQ(posix::nanosleep(&wrong, nullptr), -1);
  EXPECT_EQ(posix::last_error(), EINVAL);
  EXPECT_EQ(posix::usleep(1), 0);
  EXPECT_EQ(posix::sleep(0), 0u);
  auto sleeper = weft::spawn([&] {
    timespec left{};
    EXPECT_EQ(posix::nanosleep(&long_one, &left), -1);
    EXPECT_EQ(posix::last_error(), ECANCELED);
    EXPECT_GT(left.tv_sec, 0);
    EXPECT_EQ(posix::sleep(60), 60u);
  });
  wait_until_all_parked();
  sleeper.request_stop();
  sleeper.join();
}

FIBER_TEST(posix, files_are_read_written_and_locked) {
  const temporary_file at;
  const int fd = at.fd;
  EXPECT_EQ(posix::write(fd, "hello", 5), 5);
  EXPECT_EQ(posix::pwrite(fd, "J", 1, 0), 1);
  char got[8] = {};
  EXPECT_EQ(posix::pread(fd, got, sizeof(got), 0), 5);
  EXPECT_STREQ(got, "Jello");
  EXPECT_EQ(posix::read(fd, got, sizeof(got)), 0);
  EXPECT_EQ(posix::fsync(fd), 0);
  const int other = ::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(posix::flock(fd, LOCK_EX), 0);
  auto second = weft::spawn([&] { EXPECT_EQ(posix::flock(other, LOCK_EX), 0); });
  auto third = weft::spawn([&] {
    struct flock all {};
    all.l_type = F_WRLCK;
    EXPECT_EQ(posix::fcntl(other, F_OFD_SETLKW, &all), 0);
  });
  third.join();
  EXPECT_EQ(posix::flock(fd, LOCK_UN), 0);
  second.join();
  posix::close(other);
}

// libc's own close tells nobody: what was a file may be a pipe by now, whose reader has to be called off as any other.
FIBER_TEST(posix, a_number_that_was_a_files_is_waited_for_as_what_it_is_now) {
  const temporary_file at;
  const int number = at.fd;
  char got[4] = {};
  EXPECT_EQ(posix::read(number, got, sizeof(got)), 0);
  EXPECT_EQ(posix::write(number, got, sizeof(got)), 4);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(::dup2(ends[0], number), number);  // unseen
  std::atomic<bool> has_read{false};
  auto reader = weft::spawn([&] {
    EXPECT_EQ(posix::read(number, got, sizeof(got)), 2);
    has_read = true;
    EXPECT_EQ(posix::read(number, got, sizeof(got)), -1);
    EXPECT_EQ(posix::last_error(), ECANCELED);
  });
  wait_until_all_parked();
  EXPECT_EQ(posix::write(ends[1], "hi", 2), 2);
  while (!has_read) weft::this_fiber::yield();
  wait_until_all_parked();
  reader.request_stop();
  reader.join();
  posix::close(ends[0]);
  posix::close(ends[1]);
}

// The other way round, with one of /proc, which cannot even be tried.
FIBER_TEST(posix, a_number_that_became_a_files_unseen_is_read_and_written_as_one) {
  std::string name(64, 0);
  for (const int way : {O_RDONLY, O_WRONLY}) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    EXPECT_EQ(posix::write(ends[1], name.data(), 1), 1);  // known as a pipe from here on
    EXPECT_EQ(posix::read(ends[0], name.data() + 32, 1), 1);
    const int file = ::open("/proc/self/comm", way | O_CLOEXEC);
    const int number = ends[way == O_RDONLY ? 0 : 1];
    ASSERT_EQ(::dup2(file, number), number);  // unseen
    if (way == O_RDONLY)
      name.resize(static_cast<std::size_t>(posix::read(number, name.data(), name.size())));
    else
      EXPECT_EQ(posix::write(number, name.data(), name.size()), static_cast<ssize_t>(name.size()));
    for (const int each : {ends[0], ends[1], file}) posix::close(each);
  }
  EXPECT_EQ(name.back(), '\n');
}

FIBER_TEST(posix, names_and_children_are_waited_for) {
  addrinfo* found = nullptr;
  EXPECT_EQ(posix::getaddrinfo("127.0.0.1", "80", nullptr, &found), 0);
  ASSERT_NE(found, nullptr);
  char host[64];
  EXPECT_EQ(posix::getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof(host), nullptr, 0, NI_NUMERICHOST), 0);
  EXPECT_STREQ(host, "127.0.0.1");
  ::freeaddrinfo(found);
  int status = 0;
  EXPECT_EQ(posix::waitpid(::getpid(), &status, 0), -1);
  EXPECT_EQ(posix::last_error(), ECHILD);
}

// Where a lookup would be called off, for its time is over.
FIBER_TEST(posix, what_is_all_of_numbers_is_looked_up_at_once) {
  weft::with_timeout(std::chrono::seconds(0), [] {
    addrinfo hints{};
    addrinfo* found = nullptr;
    EXPECT_EQ(posix::getaddrinfo("localhost", "80", nullptr, &found), EAI_SYSTEM);
    EXPECT_EQ(posix::getaddrinfo("127.0.0.1", "http", nullptr, &found), EAI_SYSTEM);
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    EXPECT_EQ(posix::getaddrinfo("localhost", "80", &hints, &found), EAI_NONAME);
    EXPECT_EQ(posix::getaddrinfo("127.0.0.1", "http", &hints, &found), EAI_NONAME);
    ASSERT_EQ(posix::getaddrinfo("::1", "80", nullptr, &found), 0);
    char host[64], service[64];
    EXPECT_EQ(posix::getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof(host), service, sizeof(service), 0),
              EAI_SYSTEM);
    EXPECT_EQ(posix::getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof(host), service, sizeof(service),
                                 NI_NUMERICHOST | NI_NUMERICSERV),
              0);
    EXPECT_STREQ(host, "::1");
    EXPECT_STREQ(service, "80");
    ::freeaddrinfo(found);
  });
}

TEST(posix_plain, a_plain_thread_goes_straight_to_libc) {
  char got = 0;
  EXPECT_EQ(posix::read(-1, &got, 1), -1);
  EXPECT_EQ(posix::last_error(), EBADF);
  const socket_ends ends;
  EXPECT_EQ(posix::write(ends.out, "x", 1), 1);
  EXPECT_EQ(posix::read(ends.in, &got, 1), 1);
}

}  // namespace
