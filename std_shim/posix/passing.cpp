// Room: posix. sendfile and splice: bytes that go from descriptor to descriptor in the kernel. Neither has a flag that
// keeps both of its ends from waiting.

#include <weft/posix.hpp>

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/netpoll/detail/page_cache.hpp>

#include "descriptor_kind.hpp"
#include "moving.hpp"
#include "off_worker.hpp"
#include "real.hpp"
#include "trying.hpp"
#include "unblocked.hpp"

namespace weft::posix {

namespace {

// What one call is asked for. No more is looked up in the page cache, and read ahead by a helper, at a time.
constexpr std::size_t k_piece = std::size_t{1} << 20;

// Of a file: into the page cache, by reading it.
void read_ahead(int file, off_t from, std::size_t size) noexcept {
  char nobody_reads_it[1 << 15];
  while (size > 0) {
    const ssize_t n = real().pread(file, nobody_reads_it, std::min(size, sizeof(nobody_reads_it)), from);
    if (n <= 0) return;
    from += n;
    size -= static_cast<std::size_t>(n);
  }
}

// For a call that would wait for the disk, whatever the flags, and under a lock: how much of a file it may be given.
class at_hand {
 public:
  at_hand(int file, const off_t* offset) noexcept : file_(file), offset_(offset) {}

  // Has a helper read what is not in memory. What is evicted again at once is the call's to wait for. Nothing is asked
  // for twice, nor read, while it is sent little by little. 0: the fiber is asked to end.
  [[nodiscard]] std::size_t up_to(std::size_t wanted) noexcept {
    if (!is_on_disk(way_of(file_, side::in))) return wanted;
    wanted = std::min(wanted, k_piece);
    const off_t from = offset_ != nullptr ? *offset_ : ::lseek(file_, 0, SEEK_CUR);
    if (from < 0) return wanted;
    if (from < known_to_ && from >= known_from_) return std::min(wanted, static_cast<std::size_t>(known_to_ - from));
    if (!weft::net::detail::is_in_page_cache(file_, from, wanted) && !is_read(from, wanted)) return 0;
    known_from_ = from;
    known_to_ = from + static_cast<off_t>(wanted);
    return wanted;
  }

 private:
  // Without a thread for it the call waits, and says what is wrong.
  [[nodiscard]] bool is_read(off_t from, std::size_t size) const noexcept {
    const int read = off_worker([&] { return read_ahead(file_, from, size), 0; });
    return read == 0 || last_error() != ECANCELED;
  }

  int file_;
  const off_t* offset_;
  off_t known_from_ = 0;
  off_t known_to_ = 0;
};

struct sendfile_attempt {
  int out;
  int in;
  off_t* offset;
  std::size_t count;
  at_hand source{in, offset};

  [[nodiscard]] static const char* label() noexcept { return "posix sendfile"; }
  [[nodiscard]] ssize_t block() const noexcept { return real().sendfile(out, in, offset, count); }
  // To the end of what there is room for: who is O_NONBLOCK takes less to mean that there is no more.
  ssize_t operator()(std::size_t done) noexcept {
    std::size_t sent = 0;
    for (;;) {
      const std::size_t piece = source.up_to(count - done - sent);
      const ssize_t n = piece == 0 ? fail(ECANCELED) : send(piece);
      sent += n > 0 ? static_cast<std::size_t>(n) : 0;
      const bool goes_on = n > 0 && static_cast<std::size_t>(n) == piece && done + sent < count;
      if (!goes_on) return sent > 0 ? static_cast<ssize_t>(sent) : n;
    }
  }

 private:
  [[nodiscard]] ssize_t send(std::size_t piece) const noexcept {
    bool was_nonblocking = false;
    return unblocked(out, was_nonblocking, [&] { return real().sendfile(out, in, offset, piece); });
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
  if (is_on_disk(way_of(out, side::out))) return off_worker([&] { return real().sendfile(out, in, offset, count); });
  return put_out(out, count, true, limit::send, sendfile_attempt{out, in, offset, count});
}

// SPLICE_F_NONBLOCK speaks of pipes alone; one end at least is one, and the other waits unless it is O_NONBLOCK.
ssize_t splice(int in, loff_t* in_offset, int out, loff_t* out_offset, std::size_t size, unsigned flags) noexcept {
  const auto call = [&](std::size_t most, unsigned how) {
    return real().splice(in, in_offset, out, out_offset, most, how);
  };
  if (size == 0 || (flags & SPLICE_F_NONBLOCK) != 0 || !enter() || !can_park()) return call(size, flags);
  const int other = is_pipe(in) ? out : in;
  patience bytes(in, POLLIN, limit::receive, "posix splice"), room(out, POLLOUT, limit::send, "posix splice");
  at_hand source(in, in_offset);
  for (;;) {
    const std::size_t piece = source.up_to(size);
    if (piece == 0) return fail(ECANCELED);
    bool was_nonblocking = false;
    const ssize_t n = unblocked(other, was_nonblocking, [&] { return call(piece, flags | SPLICE_F_NONBLOCK); });
    if (n >= 0 || last_error() != EAGAIN) return n;
    if (was_nonblocking || is_nonblocking(in) || is_nonblocking(out)) return fail(EAGAIN);
    const int refused = has_event(in, POLLIN) ? room.wait() : bytes.wait();
    if (refused != 0) return fail(refused == ETIMEDOUT ? EAGAIN : refused);
  }
}

}  // namespace weft::posix
