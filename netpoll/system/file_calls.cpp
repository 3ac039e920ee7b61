// Room: netpoll. See file_calls.hpp.

#include "file_calls.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calling.hpp"
#include "no_wait_calls.hpp"

namespace weft::net::detail {

opened open_file(const char* path, int flags, unsigned permissions) noexcept {
  return open_with([&] { return ::open(path, flags | O_CLOEXEC, static_cast<mode_t>(permissions)); });
}

transferred read_cached(int fd, std::span<std::byte> buffer, std::int64_t position) noexcept {
  const transferred got = transfer(fd, buffer.size(), EIO, [&](std::size_t n) {
    const iovec part = {buffer.data(), n};
    return read_without_waiting(fd, &part, 1, position);
  });
  if (got.error == std::errc::operation_not_supported || got.error == std::errc::invalid_argument)
    return {0, false, true, {}};
  return got;
}

transferred read_file(int fd, std::span<std::byte> buffer, std::int64_t position) noexcept {
  return transfer(fd, buffer.size(), EIO, [&](std::size_t n) {
    return position < 0 ? ::read(fd, buffer.data(), n) : ::pread(fd, buffer.data(), n, position);
  });
}

transferred write_file(int fd, std::span<const std::byte> data, std::int64_t position) noexcept {
  return transfer(fd, data.size(), EIO, [&](std::size_t n) {
    return position < 0 ? ::write(fd, data.data(), n) : ::pwrite(fd, data.data(), n, position);
  });
}

std::error_code move_position(int fd, std::int64_t position) noexcept {
  return outcome([&] { return ::lseek(fd, position, SEEK_SET); });
}

std::int64_t position_of(int fd, std::error_code& ec) noexcept {
  std::int64_t position = 0;
  ec = outcome([&] { return position = ::lseek(fd, 0, SEEK_CUR); });
  return position;
}

std::error_code sync_file(int fd, bool only_data) noexcept {
#if defined(__APPLE__)
  static_cast<void>(only_data);  // declared by no header there
  return outcome([&] { return ::fsync(fd); });
#else
  return outcome([&] { return only_data ? ::fdatasync(fd) : ::fsync(fd); });
#endif
}

std::error_code truncate_file(int fd, std::int64_t size) noexcept {
  return outcome([&] { return ::ftruncate(fd, size); });
}

asked_status status_of(int fd, std::error_code& ec) noexcept {
  struct stat is {};
  ec = outcome([&] { return ::fstat(fd, &is); });
#if defined(__APPLE__)
  const timespec modified = is.st_mtimespec;
#else
  const timespec modified = is.st_mtim;
#endif
  return {static_cast<std::uint64_t>(is.st_size), is.st_mode, modified.tv_sec, modified.tv_nsec};
}

}  // namespace weft::net::detail
