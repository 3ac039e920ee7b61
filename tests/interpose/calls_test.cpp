// Calls of libc that move bytes and wait, by fibers that know nothing of it.

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <threads.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <undeclared_names.hpp>

#include "side_by_side.hpp"

extern "C" {
ssize_t __read(int fd, void* buffer, size_t size);
ssize_t __write(int fd, const void* buffer, size_t size);
int __poll(pollfd* fds, nfds_t count, int milliseconds);
int __select(int count, fd_set* readable, fd_set* writable, fd_set* urgent, timeval* length);
}

namespace {

using weft::testing::side_by_side;
using weft::testing::threads_of_the_process;
using namespace std::chrono_literals;

struct pair {
  std::array<int, 2> ends{-1, -1};
  explicit pair(int type = SOCK_STREAM) { EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()), 0); }
  ~pair() {
    for (const int fd : ends)
      if (fd >= 0) ::close(fd);
  }
  pair(const pair&) = delete;
  pair& operator=(const pair&) = delete;
};

char g_byte;
iovec one_byte() { return {&g_byte, 1}; }

ssize_t by_message(int fd, const std::function<ssize_t(int, msghdr*)>& call) {
  iovec part = one_byte();
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return call(fd, &message);
}

ssize_t by_poll(int fd, const std::function<int(pollfd*)>& call) {
  pollfd one{fd, POLLIN, 0};
  return call(&one);
}

ssize_t by_select(int fd, const std::function<int(int, fd_set*)>& call) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  return call(fd + 1, &set);
}

ssize_t by_epoll(int fd, const std::function<int(int, epoll_event*)>& call) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{EPOLLIN, {}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  const int found = call(epoll, &event);
  const int error = errno;
  ::close(epoll);
  errno = error;
  return found;
}

// Each waits for a byte of a socket: 1 when it has it, or knows that it is there.
struct way_to_wait {
  const char* name;
  std::function<ssize_t(int)> wait;
};

const std::vector<way_to_wait>& ways_to_wait() {
  static const std::vector<way_to_wait> all = {
      {"read", [](int fd) { return ::read(fd, &g_byte, 1); }},
      {"__read", [](int fd) { return ::__read(fd, &g_byte, 1); }},
      {"__read_chk", [](int fd) { return ::__read_chk(fd, &g_byte, 1, 1); }},
      {"readv",
       [](int fd) {
         const iovec part = one_byte();
         return ::readv(fd, &part, 1);
       }},
      {"preadv2",
       [](int fd) {
         const iovec part = one_byte();
         return ::preadv2(fd, &part, 1, -1, 0);
       }},
      {"recv", [](int fd) { return ::recv(fd, &g_byte, 1, 0); }},
      {"__recv_chk", [](int fd) { return ::__recv_chk(fd, &g_byte, 1, 1, 0); }},
      {"recvfrom", [](int fd) { return ::recvfrom(fd, &g_byte, 1, 0, nullptr, nullptr); }},
      {"__recvfrom_chk", [](int fd) { return ::__recvfrom_chk(fd, &g_byte, 1, 1, 0, nullptr, nullptr); }},
      {"recvmsg", [](int fd) { return by_message(fd, [](int s, msghdr* m) { return ::recvmsg(s, m, 0); }); }},
      {"recvmmsg",
       [](int fd) {
         return by_message(fd, [](int s, msghdr* m) {
           mmsghdr one{*m, 0};
           return ssize_t{::recvmmsg(s, &one, 1, 0, nullptr)};
         });
       }},
      {"poll", [](int fd) { return by_poll(fd, [](pollfd* p) { return ::poll(p, 1, -1); }); }},
      {"__poll", [](int fd) { return by_poll(fd, [](pollfd* p) { return ::__poll(p, 1, -1); }); }},
      {"__poll_chk", [](int fd) { return by_poll(fd, [](pollfd* p) { return ::__poll_chk(p, 1, -1, sizeof *p); }); }},
      {"ppoll", [](int fd) { return by_poll(fd, [](pollfd* p) { return ::ppoll(p, 1, nullptr, nullptr); }); }},
      {"__ppoll_chk",
       [](int fd) { return by_poll(fd, [](pollfd* p) { return ::__ppoll_chk(p, 1, nullptr, nullptr, sizeof *p); }); }},
      {"select",
       [](int fd) {
         return by_select(fd, [](int n, fd_set* s) { return ::select(n, s, nullptr, nullptr, nullptr); });
       }},
      {"__select",
       [](int fd) {
         return by_select(fd, [](int n, fd_set* s) { return ::__select(n, s, nullptr, nullptr, nullptr); });
       }},
      {"pselect",
       [](int fd) {
         return by_select(fd, [](int n, fd_set* s) { return ::pselect(n, s, nullptr, nullptr, nullptr, nullptr); });
       }},
      {"epoll_wait",
       [](int fd) { return by_epoll(fd, [](int e, epoll_event* v) { return ::epoll_wait(e, v, 1, -1); }); }},
      {"epoll_pwait",
       [](int fd) { return by_epoll(fd, [](int e, epoll_event* v) { return ::epoll_pwait(e, v, 1, -1, nullptr); }); }},
      {"epoll_pwait2",
       [](int fd) {
         return by_epoll(fd, [](int e, epoll_event* v) { return ::epoll_pwait2(e, v, 1, nullptr, nullptr); });
       }},
  };
  return all;
}

// Ten at a time in each way, on two workers, while no byte comes: no thread is blocked, so none was filled in.
TEST(calls, who_waits_for_a_byte_is_not_in_the_way_of_others) {
  const auto& ways = ways_to_wait();
  const int fibers = static_cast<int>(ways.size()) * 10;
  std::atomic<int> waiting{0}, got{0};
  const auto threads_before = threads_of_the_process();
  std::vector<pair> pairs(static_cast<std::size_t>(fibers));
  side_by_side(2, fibers + 1, [&](int i) {
    if (i == fibers) {
      while (waiting < fibers) weft::this_fiber::yield();
      weft::this_fiber::sleep_for(5ms);  // a worker that is blocked for two is filled in for
      EXPECT_LT(threads_of_the_process(), threads_before + 8);
      EXPECT_EQ(got, 0);
      for (const pair& each : pairs) EXPECT_EQ(::write(each.ends[1], "x", 1), 1);
      return;
    }
    const auto& way = ways[static_cast<std::size_t>(i) % ways.size()];
    const pid_t thread = ::gettid();
    errno = 1000 + i;
    ++waiting;
    EXPECT_EQ(way.wait(pairs[static_cast<std::size_t>(i)].ends[0]), 1) << way.name;
    EXPECT_EQ(errno, 1000 + i) << way.name;
    EXPECT_EQ(::gettid(), thread) << way.name;
    ++got;
  });
  EXPECT_EQ(got, fibers);
}

TEST(calls, who_is_asked_to_end_gets_ecanceled) {
  weft::run(weft::options{.workers = 2}, [] {
    for (const auto& way : ways_to_wait()) {
      const pair both;
      weft::join_handle<int> waits = weft::spawn([&] { return way.wait(both.ends[0]) < 0 ? errno : 0; });
      weft::this_fiber::yield();
      waits.request_stop();
      EXPECT_EQ(waits.join(), ECANCELED) << way.name;
    }
  });
}

TEST(calls, a_close_wakes_who_waits_there_whoever_closes) {
  for (const auto& [by_thread, by_number] : {std::pair(false, false), {true, false}, {false, true}})
    weft::run(weft::options{.workers = 2}, [&, by_thread = by_thread, by_number = by_number] {
      pair both;
      std::atomic<bool> waits{false};
      weft::join_handle<int> reader = weft::spawn([&] {
        waits = true;
        return ::read(both.ends[0], &g_byte, 1) < 0 ? errno : 0;
      });
      while (!waits) weft::this_fiber::yield();
      weft::this_fiber::sleep_for(1ms);
      const auto close_it = [&] {
        const int fd = std::exchange(both.ends[0], -1);
        EXPECT_EQ(by_number ? ::syscall(SYS_close, fd) : ::close(fd), 0);
      };
      by_thread ? weft::blocking(close_it) : close_it();
      const int error = reader.join();
      EXPECT_TRUE(error == ECANCELED || error == EBADF) << error;  // the latter if it came before the reader
    });
}

// From a number on that is above all others of this process.
TEST(calls, closing_a_range_wakes_who_waits_in_it_and_no_other) {
  constexpr int k_high = 15'000;
  const auto up_to = [](unsigned last) { return [last](int fd) { return ::close_range(unsigned(fd), last, 0); }; };
  const std::function<int(int)> all_ways[] = {
      up_to(k_high), up_to(~0U), [](int fd) { return ::closefrom(fd), 0; },
      [](int fd) { return static_cast<int>(::syscall(SYS_close_range, unsigned(fd), ~0U, 0)); }};
  for (const auto& close_it : all_ways)
    weft::run(weft::options{.workers = 2}, [&] {
      pair below, both;
      const int high = ::fcntl(both.ends[0], F_DUPFD_CLOEXEC, k_high);
      ASSERT_EQ(high, k_high);
      std::atomic<int> waiting{0};
      const auto read = [&waiting](int fd) {
        ++waiting;
        return ::read(fd, &g_byte, 1) < 0 ? errno : 0;
      };
      weft::join_handle<int> other = weft::spawn([&] { return read(below.ends[0]); });
      weft::join_handle<int> reader = weft::spawn([&] { return read(high); });
      while (waiting < 2) weft::this_fiber::yield();
      weft::this_fiber::sleep_for(1ms);
      EXPECT_EQ(::close_range(unsigned(high), ~0U, CLOSE_RANGE_CLOEXEC), 0);  // closes nothing
      EXPECT_NE(::fcntl(high, F_GETFD), -1);
      EXPECT_EQ(close_it(high), 0);
      EXPECT_EQ(::fcntl(high, F_GETFD), -1);
      const int error = reader.join();
      EXPECT_TRUE(error == ECANCELED || error == EBADF) << error;
      EXPECT_EQ(::write(below.ends[1], "x", 1), 1);
      EXPECT_EQ(other.join(), 0);
    });
  EXPECT_EQ(::close_range(2, 1, 0), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST(calls, a_write_waits_until_there_is_room) {
  const std::string text(1'000'000, 'x');
  const pair both;
  side_by_side(1, 2, [&](int i) {
    if (i == 0) {
      EXPECT_EQ(::write(both.ends[0], text.data(), text.size()), 1'000'000);
      ::shutdown(both.ends[0], SHUT_WR);
      return;
    }
    std::size_t sum = 0;
    char buffer[4096];
    for (ssize_t n; (n = ::read(both.ends[1], buffer, sizeof buffer)) > 0;) sum += static_cast<std::size_t>(n);
    EXPECT_EQ(sum, text.size());
  });
}

TEST(calls, a_socket_keeps_its_own_time_limit_and_its_flags) {
  side_by_side(1, 20, [](int) {
    const pair both;
    const timeval limit{0, 2000};
    ::setsockopt(both.ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    EXPECT_EQ(::recv(both.ends[0], &g_byte, 1, 0), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ(::fcntl(both.ends[0], F_GETFL) & O_NONBLOCK, 0);
    ::fcntl(both.ends[0], F_SETFL, O_NONBLOCK);
    EXPECT_EQ(::read(both.ends[0], &g_byte, 1), -1);
    EXPECT_EQ(errno, EAGAIN);
    pollfd one{both.ends[0], POLLIN, 0};
    EXPECT_EQ(::poll(&one, 1, 1), 0);
  });
}

// A thread for each connection, as its program thinks.
TEST(calls, servers_and_clients_meet_over_loopback) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  auto* const address = reinterpret_cast<sockaddr*>(&where);
  ASSERT_EQ(::bind(listener, address, size), 0);
  ASSERT_EQ(::listen(listener, 200), 0);
  ::getsockname(listener, address, &size);
  side_by_side(2, 200, [&](int i) {
    if (i % 2 == 0) {
      const int peer = i % 4 == 0 ? ::accept(listener, nullptr, nullptr) : ::accept4(listener, nullptr, nullptr, 0);
      char text[5];
      EXPECT_EQ(::recv(peer, text, 5, MSG_WAITALL), 5);
      EXPECT_EQ(::send(peer, text, 5, 0), 5);
      ::close(peer);
      return;
    }
    const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(peer, reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
    EXPECT_EQ(::write(peer, "he", 2), 2);
    EXPECT_EQ(::__write(peer, "llo", 3), 3);
    char text[6]{};
    EXPECT_EQ(::recv(peer, text, 5, MSG_WAITALL), 5);
    EXPECT_STREQ(text, "hello");
    EXPECT_EQ(::read(peer, text, 1), 0);
    ::close(peer);
  });
  ::close(listener);
}

TEST(calls, each_sleep_parks) {
  const timespec length{0, 2'000'000};
  const std::vector<std::function<void()>> sleeps = {
      [&] { EXPECT_EQ(::nanosleep(&length, nullptr), 0); },
      [&] { EXPECT_EQ(::clock_nanosleep(CLOCK_MONOTONIC, 0, &length, nullptr), 0); },
      [&] { EXPECT_EQ(::usleep(2000), 0); },
      [&] { EXPECT_EQ(::thrd_sleep(&length, nullptr), 0); },
      [&] { std::this_thread::sleep_for(2ms); },
      [&] { EXPECT_EQ(::poll(nullptr, 0, 2), 0); },
  };
  const int all = static_cast<int>(sleeps.size()) * 40;
  std::atomic<int> asleep{0}, most{0};
  const auto threads_before = threads_of_the_process();
  side_by_side(1, all, [&](int i) {
    most = std::max(most.load(), ++asleep);
    sleeps[static_cast<std::size_t>(i) % sleeps.size()]();
    --asleep;
  });
  EXPECT_GT(most, 1);
  EXPECT_LT(threads_of_the_process(), threads_before + 8);
}

TEST(calls, a_long_sleep_that_is_called_off_tells_what_was_left) {
  weft::run(weft::options{.workers = 1}, [] {
    weft::join_handle<unsigned> seconds = weft::spawn([] { return ::sleep(1000); });
    weft::join_handle<int> c11 = weft::spawn([] {
      const timespec long_time{1000, 0};
      return ::thrd_sleep(&long_time, nullptr);
    });
    weft::this_fiber::yield();
    seconds.request_stop();
    c11.request_stop();
    EXPECT_GT(seconds.join(), 990u);
    EXPECT_EQ(c11.join(), -2);
  });
}

TEST(calls, names_are_looked_up_beside_others) {
  side_by_side(1, 20, [](int i) {
    errno = 1000 + i;
    addrinfo hints{}, *found = nullptr;
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    ASSERT_EQ(::getaddrinfo("localhost", "80", &hints, &found), 0);
    char host[64], service[64];
    EXPECT_EQ(::getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, service, sizeof service,
                            NI_NUMERICHOST | NI_NUMERICSERV),
              0);
    EXPECT_STREQ(host, "127.0.0.1");
    ::freeaddrinfo(found);
    EXPECT_EQ(errno, 1000 + i);
    char text[1024];
    hostent answer{}, *there = nullptr;
    int error = 0;
    EXPECT_EQ(::gethostbyname_r("127.0.0.1", &answer, text, sizeof text, &there, &error), 0);
    EXPECT_NE(there, nullptr);
  });
}

TEST(calls, a_runtime_makes_broken_pipes_an_error) {
  std::signal(SIGPIPE, SIG_DFL);
  EXPECT_EXIT(
      {
        weft::run(weft::options{.workers = 1}, [] {
          pair both;
          ::close(std::exchange(both.ends[1], -1));
          EXPECT_EQ(::write(both.ends[0], "x", 1), -1);
          std::_Exit(errno == EPIPE ? 7 : 1);
        });
      },
      ::testing::ExitedWithCode(7), "");
}

}  // namespace
