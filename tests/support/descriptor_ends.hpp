#pragma once
// Room: tests. Descriptors of plain system calls, all of them blocking ones, for who tests what waits for descriptors.
// The caller closes them; what cannot be had throws.

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

namespace weft::testing {

inline int checked(int result) {
  if (result < 0) throw std::runtime_error(std::strerror(errno));
  return result;
}

// What is written to the one is read from the other.
struct descriptor_ends {
  int read = -1;
  int write = -1;
};

inline descriptor_ends open_pipe_ends() {
  int both[2];
  checked(::pipe2(both, O_CLOEXEC));
  return {both[0], both[1]};
}

inline descriptor_ends open_socket_ends(int type) {
  int both[2];
  checked(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, both));
  return {both[0], both[1]};
}

// Of a FIFO that is made at this path, and stays there.
inline descriptor_ends open_fifo_ends(const std::string& path) {
  checked(::mkfifo(path.c_str(), 0600));
  const int kept = checked(::open(path.c_str(), O_RDWR | O_CLOEXEC));  // so that the next one does not wait
  const int from = checked(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const int to = checked(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  ::close(kept);
  return {from, to};
}

// A terminal that changes no byte, and the program behind it.
inline descriptor_ends open_terminal_ends() {
  const int near = checked(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  checked(::grantpt(near));
  checked(::unlockpt(near));
  const int far = checked(::open(::ptsname(near), O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios raw{};
  checked(::tcgetattr(far, &raw));
  ::cfmakeraw(&raw);
  checked(::tcsetattr(far, TCSANOW, &raw));
  return {far, near};
}

inline int open_counter() { return checked(::eventfd(0, EFD_CLOEXEC)); }

inline int open_timer() { return checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)); }

inline void let_expire(int timer) {
  const itimerspec once = {{0, 0}, {0, 1}};
  checked(::timerfd_settime(timer, 0, &once, nullptr));
}

}  // namespace weft::testing
