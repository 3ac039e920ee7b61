// Room: posix. See race_detector.hpp. It is told of bytes by what it has for ranges of memory; and of the order by its
// own readv and writev, of nothing: they say what comes after and before the rest, and ask the kernel for no byte.

#include "race_detector.hpp"

#include <algorithm>
#include <cerrno>

#include <dlfcn.h>

#include "real.hpp"

namespace weft::posix {

namespace {

using told_range = void (*)(const void* begin, unsigned long size);

// Written before there is a second thread; who comes at the same time writes the same.
told_range g_is_read = nullptr;
told_range g_is_written = nullptr;
told_calls g_kernels{};

void tell(told_range what, const iovec* parts, int count, std::size_t bytes) noexcept {
  for (int i = 0; i < count && bytes != 0; ++i) {
    const std::size_t here = std::min(bytes, parts[i].iov_len);
    what(parts[i].iov_base, here);
    bytes -= here;
  }
}

ssize_t read_and_tell(int fd, const iovec* parts, int count, off_t offset, int flags) {
  const ssize_t n = g_kernels.preadv2(fd, parts, count, offset, flags);
  if (n < 0) return n;
  const int before = errno;
  [[maybe_unused]] const ssize_t nothing = real().readv(fd, nullptr, 0);
  errno = before;
  tell(g_is_written, parts, count, static_cast<std::size_t>(n));
  return n;
}

ssize_t tell_and_write(int fd, const iovec* parts, int count, off_t offset, int flags) {
  const int before = errno;
  [[maybe_unused]] const ssize_t nothing = real().writev(fd, nullptr, 0);
  errno = before;
  const ssize_t n = g_kernels.pwritev2(fd, parts, count, offset, flags);
  if (n > 0) tell(g_is_read, parts, count, static_cast<std::size_t>(n));
  return n;
}

}  // namespace

told_calls calls_for_race_detector() noexcept {
  g_is_read = reinterpret_cast<told_range>(::dlsym(RTLD_DEFAULT, "__tsan_read_range"));
  g_is_written = reinterpret_cast<told_range>(::dlsym(RTLD_DEFAULT, "__tsan_write_range"));
  if (g_is_read == nullptr || g_is_written == nullptr) return {};
  g_kernels = {real().preadv2, real().pwritev2};
  const bool has_them = ::dlsym(RTLD_DEFAULT, "__interceptor_preadv2") != nullptr;
  return has_them ? told_calls{} : told_calls{&read_and_tell, &tell_and_write};
}

}  // namespace weft::posix
