// Room: posix. recvmmsg and sendmmsg: many messages in one call, counted as bytes are elsewhere.

#include <weft/posix.hpp>

#include <cerrno>

#include "libc_time.hpp"
#include "moving.hpp"
#include "parts.hpp"
#include "real.hpp"

namespace weft::posix {

namespace {

struct receive_many_attempt {
  int fd;
  mmsghdr* messages;
  unsigned count;
  int flags;

  [[nodiscard]] static const char* label() noexcept { return "posix receive"; }
  [[nodiscard]] ssize_t block() const noexcept { return real().recvmmsg(fd, messages, count, flags, nullptr); }
  ssize_t operator()(std::size_t done) const noexcept {
    return real().recvmmsg(fd, messages + done, count - static_cast<unsigned>(done), flags | MSG_DONTWAIT, nullptr);
  }
};

// Of datagrams: each is all or nothing.
struct send_many_attempt {
  int fd;
  mmsghdr* messages;
  unsigned count;
  int flags;

  [[nodiscard]] static const char* label() noexcept { return "posix send"; }
  [[nodiscard]] ssize_t block() const noexcept { return real().sendmmsg(fd, messages, count, flags); }
  ssize_t operator()(std::size_t done) const noexcept {
    return real().sendmmsg(fd, messages + done, count - static_cast<unsigned>(done), flags | MSG_DONTWAIT);
  }
};

// One by one: of a stream a message may go out in pieces, and the next one must not follow half of it. One that could
// not go on counts, as the kernel has it; its length tells how much of it went.
int send_each(int fd, mmsghdr* messages, unsigned count, int flags) noexcept {
  for (unsigned i = 0; i < count; ++i) {
    const ssize_t n = posix::sendmsg(fd, &messages[i].msg_hdr, flags);
    if (n < 0) return i > 0 ? static_cast<int>(i) : -1;
    messages[i].msg_len = static_cast<unsigned>(n);
    std::size_t whole = 0;
    const msghdr& message = messages[i].msg_hdr;
    if (sum_of(message.msg_iov, message.msg_iovlen, whole) && static_cast<std::size_t>(n) < whole)
      return static_cast<int>(i + 1);
  }
  return static_cast<int>(count);
}

int receive_until(int fd, mmsghdr* messages, unsigned count, int flags, timespec* length) noexcept {
  const deadline until = until_after(length);
  unsigned done = 0;
  while (done < count && (done == 0 || weft::detail::now() < until)) {
    const int n = posix::recvmmsg(fd, messages + done, 1, flags, nullptr);
    if (n <= 0) return done > 0 ? static_cast<int>(done) : n;
    ++done;
    if ((flags & MSG_WAITFORONE) != 0) flags |= MSG_DONTWAIT;
  }
  const auto left = until.nanoseconds() - weft::detail::now().nanoseconds();
  *length = left > 0 ? timespec{left / 1'000'000'000, left % 1'000'000'000} : timespec{};
  return static_cast<int>(done);
}

}  // namespace

int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* length) noexcept {
  if (count == 0 || !enter()) return real().recvmmsg(fd, messages, count, flags, length);
  if (length != nullptr) return receive_until(fd, messages, count, flags, length);
  const bool is_all = (flags & MSG_WAITFORONE) == 0 && may_wait(flags);
  const receive_many_attempt attempt{fd, messages, count, flags};
  return static_cast<int>(take_in(fd, count, is_all, may_wait(flags), limit::receive, attempt));
}

int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) noexcept {
  if (count == 0 || !enter()) return real().sendmmsg(fd, messages, count, flags);
  if (is_stream(fd)) return send_each(fd, messages, count, flags);
  const send_many_attempt attempt{fd, messages, count, flags};
  return static_cast<int>(put_out(fd, count, may_wait(flags), limit::send, attempt));
}

}  // namespace weft::posix
