// Room: bench. What a call of weft::posix costs that need not wait, beside libc's own: nanoseconds each, inside a fiber
// and on a plain thread, a line of JSON a call. Each is the least of many rounds, in which the two take turns: the
// machine is shared, and what a call costs is what it costs when nobody disturbs it.
//
//   build/release/bench/posix_calls [ROUNDS]

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <weft/posix.hpp>
#include <weft/runtime/runtime.hpp>

namespace {

constexpr int k_calls = 200;  // of a round: short enough to be undisturbed now and then

struct ends {
  int in, out;
};

ends socket_ends(int type) {
  int both[2];
  if (::socketpair(AF_UNIX, type, 0, both) != 0) std::exit(1);
  return {both[0], both[1]};
}

ends pipe_ends() {
  int both[2];
  if (::pipe(both) != 0) std::exit(1);
  return {both[0], both[1]};
}

// What both sides call; of each call its own descriptors, so that none is known from another row.
struct things {
  ends stream = socket_ends(SOCK_STREAM), datagram = socket_ends(SOCK_DGRAM), pipe = pipe_ends();
  int event = ::eventfd(1, EFD_SEMAPHORE);
  int zero = ::open("/dev/zero", O_RDONLY);
  int file = ::fileno(std::tmpfile());
  int epoll = ::epoll_create1(0);
  pollfd look{stream.in, POLLOUT, 0};
  char bytes[64] = {};
  iovec part{bytes, 8};
  msghdr message{};
  timespec at_once{0, 0};

  things() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    epoll_event event_of{};
    event_of.events = EPOLLOUT;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, stream.in, &event_of) != 0) std::exit(1);
    if (::write(file, bytes, sizeof(bytes)) != sizeof(bytes)) std::exit(1);
  }
};

struct row {
  const char* name;
  int calls_in_it;
  void (*by_libc)(things&);
  void (*by_weft)(things&);
};

// The same words for the two sides, in which "by" is the one or the other.
#define ROW(name, calls, ...)         \
  {                                   \
    name, calls,                      \
        [](things& with) {            \
          namespace by = of_libc;     \
          __VA_ARGS__                 \
        },                            \
        [](things& with) {            \
          namespace by = weft::posix; \
          __VA_ARGS__                 \
        }                             \
  }

namespace of_libc {
using ::epoll_wait;
using ::nanosleep;
using ::poll;
using ::pread;
using ::pwrite;
using ::read;
using ::readv;
using ::recv;
using ::recvfrom;
using ::recvmsg;
using ::send;
using ::sendmsg;
using ::sendto;
using ::write;
using ::writev;
}  // namespace of_libc

void keep(ssize_t n) noexcept {
  if (n < 0) std::abort();
}

const row k_rows[] = {
    ROW("send + recv, stream", 2,
        {
          keep(by::send(with.stream.out, with.bytes, 8, 0));
          keep(by::recv(with.stream.in, with.bytes, 8, 0));
        }),
    ROW("write + read, stream", 2,
        {
          keep(by::write(with.stream.out, with.bytes, 8));
          keep(by::read(with.stream.in, with.bytes, 8));
        }),
    ROW("writev + readv, stream", 2,
        {
          keep(by::writev(with.stream.out, &with.part, 1));
          keep(by::readv(with.stream.in, &with.part, 1));
        }),
    ROW("sendmsg + recvmsg, stream", 2,
        {
          keep(by::sendmsg(with.stream.out, &with.message, 0));
          keep(by::recvmsg(with.stream.in, &with.message, 0));
        }),
    ROW("sendto + recvfrom, datagram", 2,
        {
          keep(by::sendto(with.datagram.out, with.bytes, 8, 0, nullptr, 0));
          keep(by::recvfrom(with.datagram.in, with.bytes, 8, 0, nullptr, nullptr));
        }),
    ROW("write + read, pipe", 2,
        {
          keep(by::write(with.pipe.out, with.bytes, 8));
          keep(by::read(with.pipe.in, with.bytes, 8));
        }),
    ROW("write + read, eventfd", 2,
        {
          const std::uint64_t one = 1;
          keep(by::write(with.event, &one, 8));
          keep(by::read(with.event, with.bytes, 8));
        }),
    ROW("read, /dev/zero", 1, { keep(by::read(with.zero, with.bytes, 8)); }),
    ROW("pread, in the page cache", 1, { keep(by::pread(with.file, with.bytes, 8, 0)); }),
    ROW("pwrite, file", 1, { keep(by::pwrite(with.file, with.bytes, 8, 0)); }),
    ROW("poll, one that is ready", 1, { keep(by::poll(&with.look, 1, -1)); }),
    ROW("epoll_wait, one that is ready", 1,
        {
          epoll_event got{};
          keep(by::epoll_wait(with.epoll, &got, 1, -1));
        }),
    ROW("nanosleep, no time", 1, { keep(by::nanosleep(&with.at_once, nullptr)); }),
};

double nanoseconds_of(void (*call)(things&), things& with) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < k_calls; ++i) call(with);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / k_calls;
}

// What the kernel takes for a read and a write of a pipe that must not wait, over those that may: no call of this room
// can be cheaper there.
double least_over_of_flag(int rounds) {
  const ends both = pipe_ends();
  char bytes[8] = {};
  const iovec part{bytes, sizeof(bytes)};
  constexpr int k_no_wait = 8;  // RWF_NOWAIT
  double with_flag = 1e9, without = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const auto time = [](auto call) {
      const auto begin = std::chrono::steady_clock::now();
      for (int i = 0; i < k_calls; ++i) call();
      const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
      return took.count() / k_calls / 2;
    };
    with_flag = std::min(with_flag, time([&] {
                           keep(::pwritev2(both.out, &part, 1, -1, k_no_wait));
                           keep(::preadv2(both.in, &part, 1, -1, k_no_wait));
                         }));
    without = std::min(without, time([&] {
                         keep(::write(both.out, bytes, sizeof(bytes)));
                         keep(::read(both.in, bytes, sizeof(bytes)));
                       }));
  }
  return with_flag - without;
}

struct figures {
  double libc = 1e9, weft = 1e9;
};

figures compare(const row& of, things& with, int rounds) {
  figures least;
  for (int round = 0; round < rounds; ++round) {
    least.libc = std::min(least.libc, nanoseconds_of(of.by_libc, with) / of.calls_in_it);
    least.weft = std::min(least.weft, nanoseconds_of(of.by_weft, with) / of.calls_in_it);
  }
  return least;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1'000;
  for (const row& each : k_rows) {
    // Each call sleeps for the kernel's slack: a few are enough.
    const int rounds_of_it = std::string_view(each.name).starts_with("nanosleep") ? std::min(rounds, 3) : rounds;
    things with;
    const figures on_thread = compare(each, with, rounds_of_it);
    const figures in_fiber = weft::run({.workers = 1}, [&] { return compare(each, with, rounds_of_it); });
    std::printf("{\"call\": \"%s\", \"libc_ns\": %.1f, \"thread_over_ns\": %.1f, \"fiber_over_ns\": %.1f}\n", each.name,
                on_thread.libc, on_thread.weft - on_thread.libc, in_fiber.weft - in_fiber.libc);
    std::fflush(stdout);
  }
  std::printf("{\"call\": \"preadv2 + pwritev2 that may not wait, pipe\", \"kernel_over_ns\": %.1f}\n",
              least_over_of_flag(rounds));
  return 0;
}
