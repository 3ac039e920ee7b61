#pragma once
// Room: tests of netpoll. One descriptor of each kind that a descriptor_stream treats in a way of its own, and how to
// make something readable in it.

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <support/descriptor_ends.hpp>

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

inline void describe_pair(described& d, descriptor_ends both) {
  d.all = {d.read = both.read, d.write = both.write};
  d.feed = [to = both.write] { write_plainly(to, "x", 1); };
}

inline void describe_pipe(described& d, const scratch_directory&) { describe_pair(d, open_pipe_ends()); }
inline void describe_fifo(described& d, const scratch_directory& in) { describe_pair(d, open_fifo_ends(in / "fifo")); }
inline void describe_socket(described& d, const scratch_directory&) { describe_pair(d, open_socket_ends(SOCK_STREAM)); }
inline void describe_terminal(described& d, const scratch_directory&) { describe_pair(d, open_terminal_ends()); }
inline void describe_event(described& d, const scratch_directory&) {
  const int fd = open_counter();
  d.all = {d.read = fd};
  d.feed = [fd] {
    const std::uint64_t one = 1;
    write_plainly(fd, &one, sizeof(one));
  };
}
inline void describe_timer(described& d, const scratch_directory&) {
  const int fd = open_timer();
  d.all = {d.read = fd};
  d.feed = [fd] { let_expire(fd); };
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
