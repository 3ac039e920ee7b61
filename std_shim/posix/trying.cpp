// Room: posix. See trying.hpp.

#include "trying.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>

#include <poll.h>
#include <sys/stat.h>

#include <weft/posix.hpp>
#include <weft/runtime/detail/internal_lock.hpp>

#include "no_wait_call.hpp"
#include "patience.hpp"
#include "real.hpp"
#include "unblocked.hpp"

namespace weft::posix {

namespace {

// Two fibers that look and then read the same terminal would both believe the look. Held for a look and a call that
// does not wait; if another process takes what was seen in between, it does.
constinit weft::detail::internal_lock g_look_locks[64];

bool is_worth_it(int fd, short events) noexcept {
  pollfd look{fd, events, 0};
  return real().poll(&look, 1, 0) != 0;  // an error is the call's to tell
}

template <class Call>
ssize_t after_look(int fd, short events, Call call) noexcept {
  const weft::detail::internal_guard guard(g_look_locks[static_cast<unsigned>(fd) % 64]);
  return is_worth_it(fd, events) ? call() : fail(EAGAIN);
}

// A look promises a pipe room for so much in one piece, a terminal less; of `wanted`, who need not ask for few bytes.
std::size_t room_seen_by_look(int fd, std::size_t wanted) noexcept {
  constexpr std::size_t k_of_terminal = 256;
  if (wanted <= k_of_terminal) return wanted;
  struct stat what {};
  const bool is_pipe = ::fstat(fd, &what) == 0 && S_ISFIFO(what.st_mode);
  return std::min(wanted, is_pipe ? std::size_t{PIPE_BUF} : k_of_terminal);
}

ssize_t read_after_look(int fd, const iovec* parts, int count) noexcept {
  return after_look(fd, POLLIN, [&] { return real().readv(fd, parts, count); });
}

// A look promises an eventfd room for 1, and a larger number may not go into what it holds. Of what has no kind of file
// none but an eventfd is written to.
bool is_more_than_a_look_promises(int fd, const void* bytes, std::size_t size) noexcept {
  std::uint64_t number = 0;
  if (size != sizeof(number)) return false;
  std::memcpy(&number, bytes, sizeof(number));
  struct stat what {};
  return number > 1 && ::fstat(fd, &what) == 0 && (what.st_mode & S_IFMT) == 0;
}

ssize_t write_after_look(int fd, const void* bytes, std::size_t size) noexcept {
  bool was_nonblocking = false;
  if (is_more_than_a_look_promises(fd, bytes, size))
    return unblocked(fd, was_nonblocking, [&] { return real().write(fd, bytes, size); });
  const std::size_t room = room_seen_by_look(fd, size);
  return after_look(fd, POLLOUT, [&] { return real().write(fd, bytes, room); });
}

ssize_t write_after_look(int fd, const iovec* parts, int count) noexcept {
  for (int i = 0; i < count; ++i)
    if (parts[i].iov_len != 0) return write_after_look(fd, parts[i].iov_base, parts[i].iov_len);
  return real().writev(fd, parts, count);
}

// The bytes of one datagram go together, so the whole of it is one try.
ssize_t receive(int fd, const iovec* parts, int count) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<std::size_t>(count);
  return real().recvmsg(fd, &message, MSG_DONTWAIT);
}

ssize_t send(int fd, const iovec* parts, int count) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<std::size_t>(count);
  return real().sendmsg(fd, &message, MSG_DONTWAIT);
}

// `by_flag` and `by_look` are the two ways that are not a socket's.
template <class ByMessage, class ByFlag, class ByLook>
ssize_t attempt(int fd, side s, ByMessage by_message, ByFlag by_flag, ByLook by_look) noexcept {
  for (int tries = 0;; ++tries) {
    const way by = way_of(fd, s);
    if (by == way::helper || by == way::in_place) return fail(EAGAIN);
    if (by == way::look) return by_look();
    const ssize_t n = by == way::message ? by_message() : by_flag();
    const bool is_other = by == way::message ? n < 0 && last_error() == ENOTSOCK : n < 0 && is_flag_unknown();
    if (!is_other) return n;
    if (by == way::unknown) return fail(EBADF);  // where the call itself is not known, nobody has looked at the number
    if (tries == 2) return n;
    note_no_flag(fd, s);
  }
}

}  // namespace

bool is_flag_unknown() noexcept {
  const int error = last_error();
  return error == EOPNOTSUPP || error == EINVAL || error == EPERM;  // the last: of a filter that forbids the call
}

ssize_t try_in(int fd, const iovec* parts, int count, off_t offset) noexcept {
  return attempt(
      fd, side::in,
      [&] { return offset < 0 ? receive(fd, parts, count) : real().preadv2(fd, parts, count, offset, 0); },
      [&] { return read_no_wait(fd, parts, count, offset); }, [&] { return read_after_look(fd, parts, count); });
}

ssize_t try_out(int fd, const iovec* parts, int count, off_t offset) noexcept {
  return attempt(
      fd, side::out, [&] { return offset < 0 ? send(fd, parts, count) : real().pwritev2(fd, parts, count, offset, 0); },
      [&] { return write_no_wait(fd, parts, count, offset); }, [&] { return write_after_look(fd, parts, count); });
}

}  // namespace weft::posix
