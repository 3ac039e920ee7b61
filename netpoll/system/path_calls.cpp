// Room: netpoll. See path_calls.hpp.

#include "path_calls.hpp"

#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calling.hpp"
#include "unique_fd.hpp"

namespace weft::net::detail {

path_identity identify(const char* path, std::error_code& ec) noexcept {
  struct stat found {};
  ec = outcome([&] { return ::lstat(path, &found); });
  if (ec) return {};
  return {static_cast<std::uint64_t>(found.st_dev), static_cast<std::uint64_t>(found.st_ino), S_ISSOCK(found.st_mode),
          found.st_mode & 07777u};
}

std::error_code remove_path(const char* path) noexcept {
  return outcome([path] { return ::unlink(path); });
}

std::error_code set_path_mode(const char* path, unsigned mode) noexcept {
  return outcome([=] { return ::fchmodat(AT_FDCWD, path, static_cast<mode_t>(mode), AT_SYMLINK_NOFOLLOW); });
}

void limit_mode_before_bind(int fd, unsigned mode) noexcept {
  static_cast<void>(outcome([=] { return ::fchmod(fd, static_cast<mode_t>(mode)); }));
}

opened lock_directory_of(const char* path) noexcept {
  char directory[512] = ".";
  const char* const slash = std::strrchr(path, '/');
  const std::size_t length = slash == nullptr ? 0 : static_cast<std::size_t>(slash - path) + 1;
  if (length >= sizeof(directory)) return {-1, error_of(ENAMETOOLONG)};
  if (length != 0) {
    std::memcpy(directory, path, length);
    directory[length] = '\0';
  }
  const opened at = open_with([&] { return ::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (at.error) return at;
  unique_fd held(at.fd);
  if (auto ec = outcome([&] { return ::flock(held.get(), LOCK_EX | LOCK_NB); })) return {-1, ec};
  return {held.release(), {}};
}

}  // namespace weft::net::detail
