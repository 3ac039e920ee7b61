// Room: tests of posix. See kinds.hpp.

#include "kinds.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <support/descriptor_ends.hpp>

namespace weft::testing {

namespace {

void take(pair_of_ends& ends, descriptor_ends both) {
  ends.waited = both.read;
  ends.other = both.write;
}
void open_stream(pair_of_ends& ends) { take(ends, open_socket_ends(SOCK_STREAM)); }
void open_datagram(pair_of_ends& ends) { take(ends, open_socket_ends(SOCK_DGRAM)); }
void open_pipe(pair_of_ends& ends) { take(ends, open_pipe_ends()); }
void open_terminal(pair_of_ends& ends) { take(ends, open_terminal_ends()); }

void open_fifo(pair_of_ends& ends) {
  std::string folder = "/tmp/weft-posix-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/fifo";
  take(ends, open_fifo_ends(path));
  ::unlink(path.c_str());
  ::rmdir(folder.c_str());
}

void open_event(pair_of_ends& ends) {
  ends.waited = open_counter();
  ends.other = ::dup(ends.waited);
}

void open_alarm(pair_of_ends& ends) { ends.waited = open_timer(); }

void write_eight(const pair_of_ends& ends) {
  const std::uint64_t one = 1;
  ASSERT_EQ(::write(ends.other, &one, sizeof(one)), 8);
}

void let_it_expire(const pair_of_ends& ends) { let_expire(ends.waited); }

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
      {"eventfd", &open_event, &write_eight, 8, false},
      {"timerfd", &open_alarm, &let_it_expire, 8, false},
  };
  return kinds;
}

}  // namespace weft::testing
