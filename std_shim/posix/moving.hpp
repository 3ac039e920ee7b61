#pragma once
// Room: posix. The two loops under every call that moves bytes: try, wait, and try again. An attempt takes how much was
// moved before, and returns as libc's calls do.

#include <cerrno>
#include <cstddef>

#include <sys/socket.h>
#include <sys/types.h>

#include <weft/posix.hpp>

#include "patience.hpp"

namespace weft::posix {

[[nodiscard]] inline bool is_stream(int fd) noexcept {
  int type = 0;
  socklen_t size = sizeof(type);
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

// MSG_ERRQUEUE never waits, not even for a blocking descriptor.
[[nodiscard]] inline bool may_wait(int flags) noexcept { return (flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) == 0; }

// What is left of a call that has moved something: that; else the error.
[[nodiscard]] inline ssize_t moved_or(std::size_t done, int error) noexcept {
  return done > 0 ? static_cast<ssize_t>(done) : fail(error);
}

// After an attempt that moved `n`, less than all: goes on as a blocking call would, until `total` is moved.
// `may_wait` is false for MSG_DONTWAIT.
template <class Attempt>
[[gnu::noinline]] ssize_t go_on(int fd, ssize_t n, std::size_t total, bool may_wait, patience& waits,
                                Attempt attempt) noexcept {
  std::size_t done = 0;
  bool is_checked = false;
  for (;;) {
    const int error = n < 0 ? last_error() : 0;
    if (n > 0) {
      done += static_cast<std::size_t>(n);
      waits.note_progress();
    }
    if (n == 0 || done >= total) return static_cast<ssize_t>(done);
    if (n < 0 && error != EAGAIN) return moved_or(done, error);
    if (!is_checked && (!may_wait || is_nonblocking(fd))) return moved_or(done, EAGAIN);
    is_checked = true;
    if (n < 0) {
      const int refused = waits.wait();
      if (refused != 0) return moved_or(done, refused == ETIMEDOUT ? EAGAIN : refused);
    }
    n = attempt(done);
  }
}

// After a first attempt that took in `n`, until something came, or all of `total` if that is asked for (MSG_WAITALL).
template <class Attempt>
ssize_t take_in_after(ssize_t n, int fd, std::size_t total, bool is_all, bool may_wait, limit by,
                      Attempt attempt) noexcept {
  if (n >= 0 && (!is_all || n == 0 || static_cast<std::size_t>(n) >= total)) [[likely]]
    return n;
  if (n < 0 && last_error() != EAGAIN) return n;
  if (n < 0 && may_wait && !can_park()) return attempt.block();
  patience waits(fd, POLLIN, by, attempt.label());
  return go_on(fd, n, is_all ? total : 1, may_wait, waits, attempt);
}

template <class Attempt>
ssize_t take_in(int fd, std::size_t total, bool is_all, bool may_wait, limit by, Attempt attempt) noexcept {
  return take_in_after(attempt(std::size_t{0}), fd, total, is_all, may_wait, by, attempt);
}

// After a first attempt that put out `n`, until all is out.
template <class Attempt>
ssize_t put_out_after(ssize_t n, int fd, std::size_t total, bool may_wait, limit by, Attempt attempt) noexcept {
  if (n >= 0 && static_cast<std::size_t>(n) >= total) [[likely]]
    return n;
  if (n < 0 && last_error() != EAGAIN) return n;
  if (n < 0 && may_wait && !can_park()) return attempt.block();
  patience waits(fd, POLLOUT, by, attempt.label());
  return go_on(fd, n, total, may_wait, waits, attempt);
}

template <class Attempt>
ssize_t put_out(int fd, std::size_t total, bool may_wait, limit by, Attempt attempt) noexcept {
  return put_out_after(attempt(std::size_t{0}), fd, total, may_wait, by, attempt);
}

}  // namespace weft::posix
