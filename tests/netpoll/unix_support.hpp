#pragma once
// Room: tests of netpoll. Paths for Unix sockets, and what stands there.

#include <cstring>
#include <string>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "scratch_directory.hpp"

namespace weft::testing {

inline bool is_there(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0;
}

inline unsigned mode_of(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 ? found.st_mode & 07777u : 0;
}

// A socket of plain system calls, bound to a path; not listening.
inline int bind_plainly(const std::string& path, int type) {
  const int fd = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, path.c_str(), sizeof(to.sun_path) - 1);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) return fd;
  ::close(fd);
  return -1;
}

// What a server leaves behind that was killed.
inline void leave_stale_socket(const std::string& path, int type) { ::close(bind_plainly(path, type)); }

}  // namespace weft::testing
