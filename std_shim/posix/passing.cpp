// Room: posix. sendfile and splice: bytes that go from descriptor to descriptor in the kernel. Neither has a flag that
// keeps both of its ends from waiting.

#include <weft/posix.hpp>

#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "moving.hpp"
#include "real.hpp"
#include "unblocked.hpp"

namespace weft::posix {

namespace {

struct sendfile_attempt {
  int out;
  int in;
  off_t* offset;
  std::size_t count;

  [[nodiscard]] static const char* label() noexcept { return "posix sendfile"; }
  [[nodiscard]] ssize_t block() const noexcept { return real().sendfile(out, in, offset, count); }
  ssize_t operator()(std::size_t done) const noexcept {
    bool was_nonblocking = false;
    return unblocked(out, was_nonblocking, [&] { return real().sendfile(out, in, offset, count - done); });
  }
};

bool has_event(int fd, short events) noexcept {
  pollfd look{fd, events, 0};
  return real().poll(&look, 1, 0) != 0;
}

bool is_pipe(int fd) noexcept {
  struct stat what {};
  return ::fstat(fd, &what) == 0 && S_ISFIFO(what.st_mode);
}

}  // namespace

ssize_t sendfile(int out, int in, off_t* offset, std::size_t count) noexcept {
  if (count == 0 || !enter()) return real().sendfile(out, in, offset, count);
  return put_out(out, count, true, limit::send, sendfile_attempt{out, in, offset, count});
}

// SPLICE_F_NONBLOCK speaks of pipes alone; one end at least is one, and the other waits unless it is O_NONBLOCK.
ssize_t splice(int in, loff_t* in_offset, int out, loff_t* out_offset, std::size_t size, unsigned flags) noexcept {
  const auto call = [&](unsigned how) { return real().splice(in, in_offset, out, out_offset, size, how); };
  if (size == 0 || (flags & SPLICE_F_NONBLOCK) != 0 || !enter() || !can_park()) return call(flags);
  const int other = is_pipe(in) ? out : in;
  patience bytes(in, POLLIN, limit::none, "posix splice"), room(out, POLLOUT, limit::none, "posix splice");
  for (;;) {
    bool was_nonblocking = false;
    const ssize_t n = unblocked(other, was_nonblocking, [&] { return call(flags | SPLICE_F_NONBLOCK); });
    if (n >= 0 || last_error() != EAGAIN) return n;
    if (was_nonblocking || is_nonblocking(in) || is_nonblocking(out)) return fail(EAGAIN);
    const int refused = has_event(in, POLLIN) ? room.wait() : bytes.wait();
    if (refused != 0) return fail(refused);
  }
}

}  // namespace weft::posix
