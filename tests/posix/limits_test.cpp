// Room: tests of posix. The time limits of sockets: SO_SNDTIMEO and SO_RCVTIMEO do to each call, and each kind of
// socket, in a fiber what libc's call makes of them on a thread. Each is asked of both.

#include <weft/posix.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <support/fiber_test.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/snapshot.hpp>

#include "descriptors.hpp"

namespace weft::testing {
namespace {

// --- Sockets that nobody reads from.

using two_sockets = std::pair<int, int>;

two_sockets unix_pair(int type) {
  const descriptor_ends both = open_socket_ends(type);
  return {both.read, both.write};
}

int listen_on_loopback(sockaddr_in& at, int backlog) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  at = {};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  (void)::bind(listener, reinterpret_cast<sockaddr*>(&at), size);
  (void)::listen(listener, backlog);
  (void)::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  return listener;
}

two_sockets tcp_pair() {
  sockaddr_in at;
  const int listener = listen_on_loopback(at, 1);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)::connect(client, reinterpret_cast<sockaddr*>(&at), sizeof(at));
  const int server = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  ::close(listener);
  return {client, server};
}

struct kind_of_socket {
  const char* name;
  two_sockets (*make)();
};
constexpr kind_of_socket k_kinds[] = {
    {"unix stream", [] { return unix_pair(SOCK_STREAM); }},
    {"unix datagram", [] { return unix_pair(SOCK_DGRAM); }},
    {"unix packets", [] { return unix_pair(SOCK_SEQPACKET); }},
    {"tcp", &tcp_pair},
};

void set_limit(int fd, int option) {
  const timeval soon{0, 1000};
  ASSERT_EQ(::setsockopt(fd, SOL_SOCKET, option, &soon, sizeof(soon)), 0);
}

void shrink(const two_sockets& both) {
  const int small = 4096;
  ::setsockopt(both.first, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  ::setsockopt(both.second, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
}

// --- Calls, in both shapes.

struct calls {
  decltype(&::write) write;
  decltype(&::writev) writev;
  decltype(&::send) send;
  decltype(&::sendto) sendto;
  decltype(&::sendmsg) sendmsg;
  decltype(&::sendfile) sendfile;
  decltype(&::splice) splice;
  decltype(&::recv) recv;
  decltype(&::read) read;
  int (*connect)(int, const sockaddr*, socklen_t);
  int (*accept4)(int, sockaddr*, socklen_t*, int);
};
const calls k_libc = {
    &::write,
    &::writev,
    &::send,
    &::sendto,
    &::sendmsg,
    &::sendfile,
    &::splice,
    &::recv,
    &::read,
    [](int fd, const sockaddr* to, socklen_t size) { return ::connect(fd, to, size); },
    [](int fd, sockaddr* from, socklen_t* size, int flags) { return ::accept4(fd, from, size, flags); }};
const calls k_weft = {&posix::write,  &posix::writev, &posix::send, &posix::sendto,  &posix::sendmsg, &posix::sendfile,
                      &posix::splice, &posix::recv,   &posix::read, &posix::connect, &posix::accept4};

struct sending_call {
  const char* name;
  bool for_streams;  // alone: it knows no datagrams
  ssize_t (*call)(const calls& by, int fd, const std::string& text);
};

ssize_t by_splice(const calls& by, int fd, const std::string& text) {
  const pipe_ends full;
  const std::size_t size = std::min<std::size_t>(text.size(), 4096);
  if (::write(full.out, text.data(), size) != static_cast<ssize_t>(size)) return -2;
  return by.splice(full.in, nullptr, fd, nullptr, size, 0);
}

ssize_t by_sendfile(const calls& by, int fd, const std::string& text) {
  const temporary_file file;
  if (::write(file.fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) return -2;
  off_t from = 0;
  return by.sendfile(fd, file.fd, &from, text.size());
}

const sending_call k_sending[] = {
    {"write", false,
     [](const calls& by, int fd, const std::string& text) { return by.write(fd, text.data(), text.size()); }},
    {"writev", false,
     [](const calls& by, int fd, const std::string& text) {
       const iovec part{const_cast<char*>(text.data()), text.size()};
       return by.writev(fd, &part, 1);
     }},
    {"send", false,
     [](const calls& by, int fd, const std::string& text) { return by.send(fd, text.data(), text.size(), 0); }},
    {"sendto", false,
     [](const calls& by, int fd, const std::string& text) {
       return by.sendto(fd, text.data(), text.size(), 0, nullptr, 0);
     }},
    {"sendmsg", false,
     [](const calls& by, int fd, const std::string& text) {
       iovec part{const_cast<char*>(text.data()), text.size()};
       msghdr message{};
       message.msg_iov = &part;
       message.msg_iovlen = 1;
       return by.sendmsg(fd, &message, 0);
     }},
    {"sendfile", true, &by_sendfile},
    {"splice", true, &by_splice},
};

// What a call says, as far as both must say the same: how much goes before there is no room is the kernel's affair.
std::string outcome(ssize_t n, std::size_t asked) {
  if (n < 0) return std::strerror(posix::last_error());
  return n == static_cast<ssize_t>(asked) ? "all" : n == 0 ? "nothing" : "some";
}

// Until there is no room, and once more. "all" as often as it came does not count: it is told once.
std::string send_until_over(const calls& by, const kind_of_socket& kind, const sending_call& call) {
  const two_sockets both = kind.make();
  shrink(both);
  set_limit(both.first, SO_SNDTIMEO);
  const bool is_stream = std::string(kind.name) == "unix stream" || std::string(kind.name) == "tcp";
  const std::string text(is_stream ? 300'000 : 500, 'x');
  const std::size_t asked = std::string(call.name) == "splice" ? 4096 : text.size();
  std::string said, last;
  for (int times = 0, over = 0; over < 2 && times < 3000; ++times) {
    const std::string now = outcome(call.call(by, both.first, text), asked);
    if (now != "all" && now != "some") ++over;
    if (now != last) said += (said.empty() ? "" : ", ") + now;
    last = now;
  }
  EXPECT_EQ(::fcntl(both.first, F_GETFL) & O_NONBLOCK, 0);
  posix::close(both.first);
  posix::close(both.second);
  return said;
}

// --- Times. Those that no 64 bits of nanoseconds hold are waited for, until the fiber is asked to end.

struct timed_call {
  const char* name;
  int (*call)(const timespec& length);  // below 0, or an error: by errno
};

int by_number(int error) {
  errno = error;
  return error == 0 ? 0 : -1;
}

const timed_call k_timed[] = {
    {"nanosleep", [](const timespec& t) { return posix::nanosleep(&t, nullptr); }},
    {"clock_nanosleep",
     [](const timespec& t) { return by_number(posix::clock_nanosleep(CLOCK_MONOTONIC, 0, &t, nullptr)); }},
    {"until, monotonic",
     [](const timespec& t) { return by_number(posix::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr)); }},
    {"until, wall clock",
     [](const timespec& t) { return by_number(posix::clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, nullptr)); }},
    {"since the start",
     [](const timespec& t) { return by_number(posix::clock_nanosleep(CLOCK_BOOTTIME, 0, &t, nullptr)); }},
    {"ppoll", [](const timespec& t) { return posix::ppoll(nullptr, 0, &t, nullptr); }},
    {"pselect", [](const timespec& t) { return posix::pselect(0, nullptr, nullptr, nullptr, &t, nullptr); }},
    {"select",
     [](const timespec& t) {
       timeval length{t.tv_sec, t.tv_nsec / 1000 + 1'000'000};
       return posix::select(0, nullptr, nullptr, nullptr, &length);
     }},
    {"epoll_pwait2",
     [](const timespec& t) {
       const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
       epoll_event event;
       const int n = posix::epoll_pwait2(epoll, &event, 1, &t, nullptr);
       const int error = posix::last_error();
       posix::close(epoll);
       errno = error;
       return n;
     }},
    {"sigtimedwait",
     [](const timespec& t) {
       sigset_t none_comes;
       sigemptyset(&none_comes);
       sigaddset(&none_comes, SIGRTMIN + 7);
       return posix::sigtimedwait(&none_comes, nullptr, &t);
     }},
};

// What it says when it is asked to end as soon as it waits.
std::string said_to_the_end(const timed_call& call, const timespec& length) {
  std::string said;
  std::atomic<bool> has_ended{false};
  auto waiter = weft::spawn({.name = "waiter"}, [&] {
    const int n = call.call(length);
    said = n < 0 ? std::strerror(posix::last_error()) : std::to_string(n);
    has_ended = true;
  });
  const auto waits = [](const weft::fiber_info& each) {
    return each.name == "waiter" && each.state == weft::fiber_state::parked;
  };
  wait_until([&] {
    const auto seen = weft::snapshot();
    return has_ended || std::any_of(seen.fibers.begin(), seen.fibers.end(), waits);
  });
  waiter.request_stop();
  wait_until([&] { return has_ended.load(); });
  return said;
}

FIBER_TEST(posix_limits, that_are_far_are_waited_for_and_end_with_the_fiber) {
  constexpr std::int64_t k_most = std::numeric_limits<time_t>::max();
  for (const timespec far : {timespec{k_most, 999'999'999}, timespec{k_most / 2, 5}, timespec{9'300'000'000, 0}})
    for (const timed_call& each : k_timed)
      EXPECT_EQ(said_to_the_end(each, far), std::strerror(ECANCELED)) << each.name << ", " << far.tv_sec;
}

FIBER_TEST(posix_limits, on_clocks_of_the_kernel_that_are_past_or_near_are_kept) {
  timespec left{7, 7};
  for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_BOOTTIME, CLOCK_TAI})
    for (const timespec past : {timespec{0, 0}, timespec{0, 1}, timespec{1, 0}})
      EXPECT_EQ(posix::clock_nanosleep(clock, TIMER_ABSTIME, &past, &left), 0) << clock;
  constexpr timespec k_soon{0, 1'000'000}, k_none{0, 0};
  timespec before{}, after{};
  ::clock_gettime(CLOCK_BOOTTIME, &before);
  EXPECT_EQ(posix::clock_nanosleep(CLOCK_BOOTTIME, 0, &k_soon, &left), 0);
  ::clock_gettime(CLOCK_BOOTTIME, &after);
  EXPECT_GE((after.tv_sec - before.tv_sec) * 1'000'000'000 + after.tv_nsec - before.tv_nsec, 1'000'000);
  EXPECT_EQ(posix::clock_nanosleep(CLOCK_BOOTTIME, 0, &k_none, &left), 0);
  EXPECT_EQ(posix::clock_nanosleep(99, 0, &k_soon, &left), EINVAL);
  EXPECT_EQ(left.tv_sec, 7) << "untouched but by a call that was ended";
}

TEST(posix_limits, of_sending_are_what_libc_makes_of_them) {
  for (const kind_of_socket& kind : k_kinds)
    for (const sending_call& call : k_sending) {
      const std::string name = kind.name;
      if (call.for_streams && name != "unix stream" && name != "tcp") continue;
      const std::string wanted = send_until_over(k_libc, kind, call);
      const std::string got = weft::run({.workers = 1}, [&] { return send_until_over(k_weft, kind, call); });
      EXPECT_EQ(got, wanted) << name << ", " << call.name;
      EXPECT_NE(wanted.find(std::strerror(EAGAIN)), std::string::npos) << wanted;
    }
}

std::string receive(const calls& by, const kind_of_socket& kind, bool by_read) {
  const two_sockets both = kind.make();
  set_limit(both.first, SO_RCVTIMEO);
  char buffer[16];
  std::string said;
  for (int i = 0; i < 2; ++i) {
    const ssize_t n = by_read ? by.read(both.first, buffer, 8) : by.recv(both.first, buffer, 8, MSG_WAITALL);
    said += outcome(n, 8) + "; ";
    (void)!::write(both.second, "abc", 3);  // less than all: told, when the time is over
  }
  posix::close(both.first);
  posix::close(both.second);
  return said;
}

TEST(posix_limits, of_receiving_are_what_libc_makes_of_them) {
  for (const kind_of_socket& kind : k_kinds)
    for (const bool by_read : {false, true}) {
      const std::string wanted = receive(k_libc, kind, by_read);
      EXPECT_EQ(weft::run({.workers = 1}, [&] { return receive(k_weft, kind, by_read); }), wanted) << kind.name;
    }
}

// --- Connecting to who does not accept, until nobody is taken any more; and accepting where nobody comes.

sockaddr_un own_name(const char* by) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  const std::string name = "weft-limits-" + std::to_string(::getpid()) + by;
  std::memcpy(at.sun_path + 1, name.data(), name.size());
  return at;
}

std::string connect_until_over(const calls& by, int family, const sockaddr* to, socklen_t size) {
  std::vector<int> all;
  std::string said = "nobody was refused";
  while (all.size() < 20) {
    all.push_back(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    set_limit(all.back(), SO_SNDTIMEO);
    if (by.connect(all.back(), to, size) == 0) continue;
    said = outcome(-1, 0);
    said += ", then " + outcome(by.connect(all.back(), to, size), 0);
    break;
  }
  for (const int each : all) posix::close(each);
  return said;
}

std::string connect_by_unix(const calls& by, const char* name) {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un at = own_name(name);
  EXPECT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0);
  EXPECT_EQ(::listen(listener, 1), 0);
  const std::string said = connect_until_over(by, AF_UNIX, reinterpret_cast<const sockaddr*>(&at), sizeof(at));
  posix::close(listener);
  return said;
}

std::string connect_by_tcp(const calls& by) {
  sockaddr_in at;
  const int listener = listen_on_loopback(at, 1);
  const std::string said = connect_until_over(by, AF_INET, reinterpret_cast<const sockaddr*>(&at), sizeof(at));
  posix::close(listener);
  return said;
}

std::string accept_nobody(const calls& by) {
  sockaddr_in at;
  const int listener = listen_on_loopback(at, 1);
  set_limit(listener, SO_RCVTIMEO);
  const std::string said = outcome(by.accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), 0);
  posix::close(listener);
  return said;
}

TEST(posix_limits, of_connect_and_accept_are_what_libc_makes_of_them) {
  const std::string unix_wanted = connect_by_unix(k_libc, "a"), tcp_wanted = connect_by_tcp(k_libc);
  const std::string accept_wanted = accept_nobody(k_libc);
  weft::run({.workers = 1}, [&] {
    EXPECT_EQ(connect_by_unix(k_weft, "b"), unix_wanted);
    EXPECT_EQ(connect_by_tcp(k_weft), tcp_wanted);
    EXPECT_EQ(accept_nobody(k_weft), accept_wanted);
  });
  EXPECT_EQ(unix_wanted.find(std::strerror(EAGAIN)), 0u) << unix_wanted;
  EXPECT_EQ(tcp_wanted.find(std::strerror(EINPROGRESS)), 0u) << tcp_wanted;
  EXPECT_EQ(accept_wanted, std::strerror(EAGAIN));
}

}  // namespace
}  // namespace weft::testing
