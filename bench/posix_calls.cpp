// Room: bench. What a call of weft::posix costs that need not wait, beside libc's own: nanoseconds each, inside a fiber
// and on a plain thread, a line of JSON a call. Each is the least of many rounds, in which they take turns: the machine
// is shared, and what a call costs is what it costs when nobody disturbs it. The kernel takes more for calls that must
// not wait than for those that may: the same system calls, made by hand, take their turns, too. What is over these is
// ours.
//
//   build/release/bench/posix_calls [ROUNDS [PART OF A NAME]]

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
  pollfd room{event, POLLOUT, 0};
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
  void (*by_hand)(
      things&);  // what weft asks of the kernel; null: nothing else than libc does, or no system call at all
  void (*by_libc)(things&);
  void (*by_weft)(things&);
};

// The same words for the two sides, in which "by" is the one or the other.
#define ROW(name, calls, by_hand, ...) \
  {                                    \
    name, calls, by_hand,              \
        [](things& with) {             \
          namespace by = of_libc;      \
          __VA_ARGS__                  \
        },                             \
        [](things& with) {             \
          namespace by = weft::posix;  \
          __VA_ARGS__                  \
        }                              \
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

constexpr int k_no_wait = 8;  // RWF_NOWAIT

// --- By hand.

void send_and_receive(things& with) {
  keep(::send(with.stream.out, with.bytes, 8, MSG_DONTWAIT));
  keep(::recv(with.stream.in, with.bytes, 8, MSG_DONTWAIT));
}
void messages_on_stream(things& with) {
  keep(::sendmsg(with.stream.out, &with.message, MSG_DONTWAIT));
  keep(::recvmsg(with.stream.in, &with.message, MSG_DONTWAIT));
}
void datagrams(things& with) {
  keep(::sendto(with.datagram.out, with.bytes, 8, MSG_DONTWAIT, nullptr, 0));
  keep(::recvfrom(with.datagram.in, with.bytes, 8, MSG_DONTWAIT, nullptr, nullptr));
}
void pipe_by_flag(things& with) {
  keep(::pwritev2(with.pipe.out, &with.part, 1, -1, k_no_wait));
  keep(::preadv2(with.pipe.in, &with.part, 1, -1, k_no_wait));
}
// No flag is known for writing to one.
void event_by_look(things& with) {
  const std::uint64_t one = 1;
  keep(::poll(&with.room, 1, 0));
  keep(::write(with.event, &one, 8));
  keep(::preadv2(with.event, &with.part, 1, -1, k_no_wait));
}
void zeros_by_flag(things& with) { keep(::preadv2(with.zero, &with.part, 1, -1, k_no_wait)); }
void file_by_flag(things& with) { keep(::preadv2(with.file, &with.part, 1, 0, k_no_wait)); }
void poll_by_look(things& with) { keep(::poll(&with.look, 1, 0)); }
void epoll_by_look(things& with) {
  epoll_event got{};
  keep(::epoll_wait(with.epoll, &got, 1, 0));
}

// --- Both.

const row k_rows[] = {
    ROW("send + recv, stream", 2, send_and_receive,
        {
          keep(by::send(with.stream.out, with.bytes, 8, 0));
          keep(by::recv(with.stream.in, with.bytes, 8, 0));
        }),
    ROW("write + read, stream", 2, send_and_receive,
        {
          keep(by::write(with.stream.out, with.bytes, 8));
          keep(by::read(with.stream.in, with.bytes, 8));
        }),
    ROW("writev + readv, stream", 2, messages_on_stream,
        {
          keep(by::writev(with.stream.out, &with.part, 1));
          keep(by::readv(with.stream.in, &with.part, 1));
        }),
    ROW("sendmsg + recvmsg, stream", 2, messages_on_stream,
        {
          keep(by::sendmsg(with.stream.out, &with.message, 0));
          keep(by::recvmsg(with.stream.in, &with.message, 0));
        }),
    ROW("sendto + recvfrom, datagram", 2, datagrams,
        {
          keep(by::sendto(with.datagram.out, with.bytes, 8, 0, nullptr, 0));
          keep(by::recvfrom(with.datagram.in, with.bytes, 8, 0, nullptr, nullptr));
        }),
    ROW("write + read, pipe", 2, pipe_by_flag,
        {
          keep(by::write(with.pipe.out, with.bytes, 8));
          keep(by::read(with.pipe.in, with.bytes, 8));
        }),
    ROW("write + read, eventfd", 2, event_by_look,
        {
          const std::uint64_t one = 1;
          keep(by::write(with.event, &one, 8));
          keep(by::read(with.event, with.bytes, 8));
        }),
    ROW("read, /dev/zero", 1, zeros_by_flag, { keep(by::read(with.zero, with.bytes, 8)); }),
    ROW("pread, in the page cache", 1, file_by_flag, { keep(by::pread(with.file, with.bytes, 8, 0)); }),
    ROW("pwrite, file", 1, nullptr, { keep(by::pwrite(with.file, with.bytes, 8, 0)); }),
    ROW("lseek + write, file", 1, nullptr,
        {
          keep(::lseek(with.file, 0, SEEK_SET));
          keep(by::write(with.file, with.bytes, 8));
        }),
    ROW("poll, one that is ready", 1, poll_by_look, { keep(by::poll(&with.look, 1, -1)); }),
    ROW("epoll_wait, one that is ready", 1, epoll_by_look,
        {
          epoll_event got{};
          keep(by::epoll_wait(with.epoll, &got, 1, -1));
        }),
    ROW("nanosleep, no time", 1, nullptr, { keep(by::nanosleep(&with.at_once, nullptr)); }),
};

double nanoseconds_of(void (*call)(things&), things& with) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < k_calls; ++i) call(with);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / k_calls;
}

struct figures {
  double libc = 1e9, hand = 1e9, weft = 1e9;
};

void keep_least(double& least, void (*call)(things&), things& with, int calls) {
  if (call != nullptr) least = std::min(least, nanoseconds_of(call, with) / calls);
}

figures compare(const row& of, things& with, int rounds) {
  figures least;
  for (int round = 0; round < rounds; ++round) {
    keep_least(least.libc, of.by_libc, with, of.calls_in_it);
    keep_least(least.hand, of.by_hand, with, of.calls_in_it);
    keep_least(least.weft, of.by_weft, with, of.calls_in_it);
  }
  return least;
}

void print_row(const row& of, const figures& on_thread, const figures& in_fiber) {
  std::printf("{\"call\": \"%s\", \"libc_ns\": %.1f, \"thread_over_ns\": %.1f, \"fiber_over_ns\": %.1f", of.name,
              on_thread.libc, on_thread.weft - on_thread.libc, in_fiber.weft - in_fiber.libc);
  if (of.by_hand != nullptr)
    std::printf(", \"of_which_the_kernel_ns\": %.1f, \"ours_ns\": %.1f", in_fiber.hand - in_fiber.libc,
                in_fiber.weft - in_fiber.hand);
  std::printf("}\n");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1'000;
  const std::string_view asked = argc > 2 ? argv[2] : "";
  for (const row& each : k_rows) {
    const std::string_view name = each.name;
    if (name.find(asked) == name.npos) continue;
    // Each call sleeps for the kernel's slack: a few are enough.
    const int rounds_of_it = name.starts_with("nanosleep") ? std::min(rounds, 3) : rounds;
    things with;
    const figures on_thread = compare(each, with, rounds_of_it);
    const figures in_fiber = weft::run({.workers = 1}, [&] { return compare(each, with, rounds_of_it); });
    print_row(each, on_thread, in_fiber);
  }
  return 0;
}
