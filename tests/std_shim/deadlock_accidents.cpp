// Room: tests. Processes whose fibers all wait, for descriptors, signals and each other.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <support/accident.hpp>
#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::deadlock_looks;

// A process beside this one, made before there are threads: does f each 50 ms, until this one ends.
template <class F>
pid_t begin_neighbour(F f) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::close(STDERR_FILENO);  // whoever reads it waits for its end
  ::close(STDOUT_FILENO);
  while (::getppid() == parent) {
    ::usleep(50'000);
    f(parent);
  }
  ::_exit(0);
}

void end_neighbour(pid_t child) { ::kill(child, SIGKILL); }

// A port that nobody listens on yet.
std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

void connect_and_write(std::uint16_t port) {
  static int fd = -1;
  if (fd >= 0) {
    if (::send(fd, "x", 1, MSG_NOSIGNAL) == 1) return;
    ::close(fd);
  }
  fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    fd = -1;
  }
}

ACCIDENT(asleep_in_accept) {
  const std::uint16_t port = free_port();
  const pid_t neighbour = begin_neighbour([port](pid_t) { connect_and_write(port); });
  weft::run([&] {
    auto listener = weft::net::listen("127.0.0.1:" + std::to_string(port));
    while (deadlock_looks() < 2) (void)listener.accept();  // closed at once: the neighbour comes again
  });
  end_neighbour(neighbour);
  return 42;
}

ACCIDENT(asleep_in_a_read) {
  const std::uint16_t port = free_port();
  const pid_t neighbour = begin_neighbour([port](pid_t) { connect_and_write(port); });
  weft::run([&] {
    auto stream = weft::net::listen("127.0.0.1:" + std::to_string(port)).accept();
    char byte;
    while (deadlock_looks() < 2 && stream.read_some(std::span(&byte, 1)) == 1) {
    }
  });
  end_neighbour(neighbour);
  return deadlock_looks() < 2 ? 1 : 42;
}

ACCIDENT(asleep_until_a_signal) {
  std::signal(SIGUSR1, SIG_IGN);  // until the channel is there
  const pid_t neighbour = begin_neighbour([](pid_t parent) { ::kill(parent, SIGUSR1); });
  weft::run([] {
    const auto signals = weft::signals({SIGUSR1});
    while (deadlock_looks() < 2) (void)signals.recv();
  });
  end_neighbour(neighbour);
  return 42;
}

ACCIDENT(asleep_until_a_plain_thread_sends) {
  return weft::run([] {
    weft::channel<int> ch;
    std::thread t([ch] {
      while (deadlock_looks() < 2) std::this_thread::sleep_for(1ms);
      ch.send(42);
    });
    const int got = ch.recv().value_or(1);
    t.join();
    return got;
  });
}

ACCIDENT(deadlock_on_a_channel) {
  weft::run([] { (void)weft::channel<int>().recv(); });
  return 0;
}

ACCIDENT(deadlock_of_two_mutexes) {
  weft::run([] {
    weft::mutex a;
    weft::mutex b;
    weft::wait_group both;
    both.add(2);
    weft::latch each_has_one(2);
    const auto lock_in_order = [&](weft::mutex& first, weft::mutex& second) {
      const std::scoped_lock outer(first);
      each_has_one.arrive_and_wait();
      const std::scoped_lock inner(second);
      both.done();
    };
    weft::go({.name = "a then b"}, [&] { lock_in_order(a, b); });
    weft::go({.name = "b then a"}, [&] { lock_in_order(b, a); });
    both.wait();
  });
  return 0;
}

// A socket that is open and that nobody waits for wakes nobody.
ACCIDENT(deadlock_beside_an_open_listener) {
  weft::run([] {
    auto listener = weft::net::listen("127.0.0.1:0");
    (void)weft::channel<int>().recv();
  });
  return 0;
}

}  // namespace
