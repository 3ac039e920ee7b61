// Room: netpoll. See no_wait_calls.hpp.

#include "no_wait_calls.hpp"

#include <atomic>
#include <cerrno>

#include "quiet_pipe.hpp"

namespace weft::net::detail {

namespace {

constexpr int k_no_wait = 0x08;          // RWF_NOWAIT: Linux 4.14
constexpr int k_without_signal = 0x100;  // RWF_NOSIGNAL: Linux 6.18

// relaxed, at each use: found out once, by whoever is first; the answer does not change.
constinit std::atomic<bool> g_has_no_signal{true};

bool is_unsupported(ssize_t result) noexcept { return result < 0 && last_error() == EOPNOTSUPP; }

// A filter (seccomp) that does not know a call may forbid it, where an old kernel or libc says that there is none.
// Other than that EPERM is a sealed file's, which the call without flags tells as well.
ssize_t unsupported_if_forbidden(ssize_t result) noexcept {
  if (result < 0 && last_error() == EPERM) restore_error(EOPNOTSUPP);
  return result;
}

}  // namespace

ssize_t read_without_waiting(int fd, const iovec* parts, int count, std::int64_t position) noexcept {
  return unsupported_if_forbidden(::preadv2(fd, parts, count, position < 0 ? -1 : position, k_no_wait));
}

ssize_t write_without_waiting(int fd, const iovec* parts, int count) noexcept {
  // relaxed: whoever still sees true tries once more, and learns the same.
  const bool asks = g_has_no_signal.load(std::memory_order_relaxed) && !is_faulty(fault::old_kernel);
  if (asks) {
    const ssize_t written = unsupported_if_forbidden(::pwritev2(fd, parts, count, -1, k_no_wait | k_without_signal));
    if (!is_unsupported(written)) return written;
  }
  // One of the two flags is unknown, here or to this descriptor.
  const quiet_pipe quiet;
  const ssize_t written = unsupported_if_forbidden(::pwritev2(fd, parts, count, -1, k_no_wait));
  if (asks && !is_unsupported(written)) g_has_no_signal.store(false, std::memory_order_relaxed);  // relaxed: as above
  return written;
}

}  // namespace weft::net::detail
