#pragma once
// Room: netpoll. The paths that Unix sockets leave in the file system: what stands there, and that it goes. See
// syscalls.hpp for what all wrappers keep to. None of them waits for another process; a file system that hangs holds up
// the worker.

#include <cstdint>
#include <system_error>

#include "syscalls.hpp"

namespace weft::net::detail {

// What stands at a path; of a symbolic link: the link. Two that are equal are the same file, as long as one of them is
// open: its number is nobody else's.
struct path_identity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool is_socket = false;
  unsigned mode = 0;  // permissions

  friend bool operator==(const path_identity& a, const path_identity& b) noexcept {
    return a.device == b.device && a.inode == b.inode;
  }
};
[[nodiscard]] path_identity identify(const char* path, std::error_code& ec) noexcept;

[[nodiscard]] std::error_code remove_path(const char* path) noexcept;
// Of a symbolic link: std::errc::operation_not_supported.
[[nodiscard]] std::error_code set_path_mode(const char* path, unsigned mode) noexcept;

// What a socket that is not bound yet leaves to its path has no more permissions than these, from the beginning. The
// system need not support it.
void limit_mode_before_bind(int fd, unsigned mode) noexcept;

// The directory that `path` stands in, locked (flock) against others who do the same, until the descriptor is closed.
// std::errc::resource_unavailable_try_again if another one has it.
[[nodiscard]] opened lock_directory_of(const char* path) noexcept;

}  // namespace weft::net::detail
