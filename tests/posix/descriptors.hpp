#pragma once
// Room: tests of posix. Descriptors of plain system calls, which go with their object.

#include <cstdio>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <support/descriptor_ends.hpp>
#include <weft/posix.hpp>

namespace weft::testing {

// Two connected sockets.
struct socket_ends {
  const int in, out;

  explicit socket_ends(int type = SOCK_STREAM) : socket_ends(open_socket_ends(type)) {}
  socket_ends(const socket_ends&) = delete;
  socket_ends& operator=(const socket_ends&) = delete;
  ~socket_ends() {
    posix::close(in);
    posix::close(out);
  }

 private:
  explicit socket_ends(descriptor_ends both) : in(both.read), out(both.write) {}
};

struct pipe_ends {
  const int in, out;

  pipe_ends() : pipe_ends(open_pipe_ends()) {}
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    posix::close(in);
    posix::close(out);
  }

 private:
  explicit pipe_ends(descriptor_ends both) : in(both.read), out(both.write) {}
};

struct temporary_file {
  std::FILE* file = std::tmpfile();
  int fd = ::fileno(file);

  temporary_file() = default;
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  ~temporary_file() { std::fclose(file); }
};

inline void expect_blocking(int fd) { EXPECT_EQ(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0); }

}  // namespace weft::testing
