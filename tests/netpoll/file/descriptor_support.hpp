#pragma once
// Room: tests of netpoll. One descriptor of each kind that a descriptor_stream treats in a way of its own, and how to
// make something readable in it.

#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "scratch_directory.hpp"

namespace weft::testing {

// Descriptors of plain system calls, all of them blocking ones. `feed` makes `read` readable; what then comes, the
// tests count and do not compare.
struct described {
  std::string kind;
  int read = -1;
  int write = -1;  // -1: nothing to write to
  std::function<void()> feed;
  std::vector<int> all;  // to be closed, `read` and `write` among them

  ~described() {
    for (const int fd : all) ::close(fd);
  }
};

inline void write_plainly(int fd, const void* data, std::size_t size) {
  if (::write(fd, data, size) != static_cast<ssize_t>(size)) throw std::runtime_error(std::strerror(errno));
}

inline int checked(int fd) {
  if (fd < 0) throw std::runtime_error(std::strerror(errno));
  return fd;
}

inline void describe_pair(described& d, int from, int to) {
  d.all = {d.read = from, d.write = to};
  d.feed = [to] { write_plainly(to, "x", 1); };
}

inline void describe_pipe(described& d, const scratch_directory&) {
  std::array<int, 2> ends{};
  checked(::pipe2(ends.data(), O_CLOEXEC));
  describe_pair(d, ends[0], ends[1]);
}
inline void describe_fifo(described& d, const scratch_directory& in) {
  checked(::mkfifo((in / "fifo").c_str(), 0600));
  const int kept = checked(::open((in / "fifo").c_str(), O_RDWR | O_CLOEXEC));
  const int from = checked(::open((in / "fifo").c_str(), O_RDONLY | O_CLOEXEC));
  describe_pair(d, from, checked(::open((in / "fifo").c_str(), O_WRONLY | O_CLOEXEC)));
  ::close(kept);
}
inline void describe_socket(described& d, const scratch_directory&) {
  std::array<int, 2> ends{};
  checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()));
  describe_pair(d, ends[0], ends[1]);
}
inline void describe_terminal(described& d, const scratch_directory&) {
  const int near = checked(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  checked(::grantpt(near));
  checked(::unlockpt(near));
  const int far = checked(::open(::ptsname(near), O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios raw{};
  ::tcgetattr(far, &raw);
  ::cfmakeraw(&raw);
  ::tcsetattr(far, TCSANOW, &raw);
  describe_pair(d, far, near);
}
inline void describe_event(described& d, const scratch_directory&) {
  const int fd = checked(::eventfd(0, EFD_CLOEXEC));
  d.all = {d.read = fd};
  d.feed = [fd] {
    const std::uint64_t one = 1;
    write_plainly(fd, &one, sizeof(one));
  };
}
inline void describe_timer(described& d, const scratch_directory&) {
  const int fd = checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  d.all = {d.read = fd};
  d.feed = [fd] {
    const itimerspec once = {{0, 0}, {0, 1}};
    checked(::timerfd_settime(fd, 0, &once, nullptr));
  };
}
inline void describe_inotify(described& d, const scratch_directory& in) {
  const int fd = checked(::inotify_init1(IN_CLOEXEC));
  checked(::inotify_add_watch(fd, in.string().c_str(), IN_CREATE));
  d.all = {d.read = fd};
  d.feed = [path = in / "made"] {
    ::unlink(path.c_str());
    ::close(checked(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)));
  };
}

struct described_kind {
  const char* name;
  void (*describe)(described&, const scratch_directory&);
};
inline constexpr described_kind k_described_kinds[] = {{"pipe", &describe_pipe},      {"fifo", &describe_fifo},
                                                       {"socket", &describe_socket},  {"terminal", &describe_terminal},
                                                       {"event", &describe_event},    {"timer", &describe_timer},
                                                       {"inotify", &describe_inotify}};

// Calls `test` with each kind in turn.
template <class Test>
void for_each_kind(Test test) {
  for (const described_kind& each : k_described_kinds) {
    const scratch_directory directory;
    described d;
    d.kind = each.name;
    each.describe(d, directory);
    const bool had_failed = ::testing::Test::HasFailure();
    test(d);
    // No SCOPED_TRACE: it belongs to the thread, and a fiber changes threads.
    if (!had_failed && ::testing::Test::HasFailure()) ADD_FAILURE() << "what failed first was: " << d.kind;
  }
}

}  // namespace weft::testing
