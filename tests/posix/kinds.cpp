// Room: tests of posix. See kinds.hpp.

#include "kinds.hpp"

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

namespace weft::testing {

namespace {

void open_sockets(pair_of_ends& ends, int type) {
  int both[2];
  ASSERT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, both), 0);
  ends.waited = both[0];
  ends.other = both[1];
}
void open_stream(pair_of_ends& ends) { open_sockets(ends, SOCK_STREAM); }
void open_datagram(pair_of_ends& ends) { open_sockets(ends, SOCK_DGRAM); }

void open_pipe(pair_of_ends& ends) {
  int both[2];
  ASSERT_EQ(::pipe2(both, O_CLOEXEC), 0);
  ends.waited = both[0];
  ends.other = both[1];
}

void open_fifo(pair_of_ends& ends) {
  std::string folder = "/tmp/weft-posix-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int both = ::open(path.c_str(), O_RDWR | O_CLOEXEC);  // so that the next one does not wait
  ends.waited = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ends.other = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  ::close(both);
  ::unlink(path.c_str());
  ::rmdir(folder.c_str());
}

void open_terminal(pair_of_ends& ends) {
  ASSERT_EQ(::openpty(&ends.other, &ends.waited, nullptr, nullptr, nullptr), 0);
  termios raw{};
  ASSERT_EQ(::tcgetattr(ends.waited, &raw), 0);
  ::cfmakeraw(&raw);
  ASSERT_EQ(::tcsetattr(ends.waited, TCSANOW, &raw), 0);
}

void open_counter(pair_of_ends& ends) {
  ends.waited = ::eventfd(0, EFD_CLOEXEC);
  ends.other = ::dup(ends.waited);
}

void open_timer(pair_of_ends& ends) { ends.waited = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC); }

void write_eight(const pair_of_ends& ends) {
  const std::uint64_t one = 1;
  ASSERT_EQ(::write(ends.other, &one, sizeof(one)), 8);
}

void let_it_expire(const pair_of_ends& ends) {
  itimerspec soon{};
  soon.it_value.tv_nsec = 1;
  ASSERT_EQ(::timerfd_settime(ends.waited, 0, &soon, nullptr), 0);
}

}  // namespace

pair_of_ends::~pair_of_ends() {
  if (waited >= 0) ::close(waited);
  if (other >= 0) ::close(other);
}

const std::vector<kind>& all_kinds() {
  static const std::vector<kind> kinds = {
      {"stream socket", &open_stream, &write_eight, 8, true},
      {"datagram socket", &open_datagram, &write_eight, 8, true},
      {"pipe", &open_pipe, &write_eight, 8, false},
      {"fifo", &open_fifo, &write_eight, 8, false},
      {"terminal", &open_terminal, &write_eight, 8, false},
      {"eventfd", &open_counter, &write_eight, 8, false},
      {"timerfd", &open_timer, &let_it_expire, 8, false},
  };
  return kinds;
}

}  // namespace weft::testing
