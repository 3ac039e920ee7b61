// Room: posix. recv, send and their like.

#include <weft/posix.hpp>

#include <cerrno>

#include "moving.hpp"
#include "parts.hpp"
#include "real.hpp"

namespace weft::posix {

namespace {

// MSG_PEEK takes nothing, and a datagram is all there is of it: only a stream is waited for to the last byte.
bool wants_all(int flags) noexcept {
  return (flags & MSG_WAITALL) != 0 && (flags & (MSG_PEEK | MSG_ERRQUEUE | MSG_DONTWAIT)) == 0;
}

struct receive_attempt {
  int fd;
  std::byte* buffer;
  std::size_t size;
  int flags;
  sockaddr* from;
  socklen_t* from_size;
  socklen_t room;

  [[nodiscard]] static const char* label() noexcept { return "posix receive"; }
  [[nodiscard]] ssize_t block() const noexcept { return real().recvfrom(fd, buffer, size, flags, from, from_size); }
  ssize_t operator()(std::size_t done) const noexcept {
    if (from_size != nullptr) *from_size = room;
    return real().recvfrom(fd, buffer + done, size - done, flags | MSG_DONTWAIT, from, from_size);
  }
};

struct send_attempt {
  int fd;
  const std::byte* buffer;
  std::size_t size;
  int flags;
  const sockaddr* to;
  socklen_t to_size;

  [[nodiscard]] static const char* label() noexcept { return "posix send"; }
  [[nodiscard]] ssize_t block() const noexcept { return real().sendto(fd, buffer, size, flags, to, to_size); }
  ssize_t operator()(std::size_t done) const noexcept {
    return real().sendto(fd, buffer + done, size - done, flags | MSG_DONTWAIT, to, to_size);
  }
};

struct receive_message_attempt {
  int fd;
  msghdr* message;
  int flags;
  msghdr asked = *message;  // what the kernel overwrites

  [[nodiscard]] static const char* label() noexcept { return "posix receive"; }
  [[nodiscard]] ssize_t block() const noexcept { return real().recvmsg(fd, message, flags); }
  ssize_t operator()(std::size_t done) const noexcept {
    if (done == 0) {
      *message = asked;
      return real().recvmsg(fd, message, flags | MSG_DONTWAIT);
    }
    rest_of_parts rest(asked.msg_iov, asked.msg_iovlen, done);
    msghdr more{};  // names and ancillary data came with the first bytes
    more.msg_iov = rest.parts;
    more.msg_iovlen = rest.count;
    return real().recvmsg(fd, &more, flags | MSG_DONTWAIT);
  }
};

struct send_message_attempt {
  int fd;
  const msghdr* message;
  int flags;

  [[nodiscard]] static const char* label() noexcept { return "posix send"; }
  [[nodiscard]] ssize_t block() const noexcept { return real().sendmsg(fd, message, flags); }
  ssize_t operator()(std::size_t done) const noexcept {
    if (done == 0) return real().sendmsg(fd, message, flags | MSG_DONTWAIT);
    rest_of_parts rest(message->msg_iov, message->msg_iovlen, done);
    msghdr more = *message;
    more.msg_control = nullptr;  // went with the first bytes
    more.msg_controllen = 0;
    more.msg_iov = rest.parts;
    more.msg_iovlen = rest.count;
    return real().sendmsg(fd, &more, flags | MSG_DONTWAIT);
  }
};

}  // namespace

ssize_t recv(int fd, void* buffer, std::size_t size, int flags) noexcept {
  if (!enter()) return real().recv(fd, buffer, size, flags);
  const ssize_t n = real().recv(fd, buffer, size, flags | MSG_DONTWAIT);
  if (n >= 0 && (n == static_cast<ssize_t>(size) || !wants_all(flags))) [[likely]]
    return n;
  if (n < 0 && last_error() != EAGAIN) return n;
  if (n > 0) {  // the first bytes of all
    if (!is_stream(fd) || is_nonblocking(fd)) return n;
    const ssize_t rest =
        posix::recv(fd, static_cast<std::byte*>(buffer) + n, size - static_cast<std::size_t>(n), flags);
    return rest > 0 ? n + rest : n;
  }
  if (n == 0) return n;
  return posix::recvfrom(fd, buffer, size, flags, nullptr, nullptr);
}

ssize_t recvfrom(int fd, void* buffer, std::size_t size, int flags, sockaddr* from, socklen_t* from_size) noexcept {
  if (!enter()) return real().recvfrom(fd, buffer, size, flags, from, from_size);
  const socklen_t room = from_size != nullptr ? *from_size : 0;
  const receive_attempt attempt{fd, static_cast<std::byte*>(buffer), size, flags, from, from_size, room};
  const bool is_all = wants_all(flags) && is_stream(fd);
  return take_in(fd, size, is_all, may_wait(flags), limit::receive, attempt);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) noexcept {
  std::size_t total = 0;
  const bool is_sound = message != nullptr && sum_of(message->msg_iov, message->msg_iovlen, total);
  if (!is_sound || !enter()) return real().recvmsg(fd, message, flags);
  const bool is_all = wants_all(flags) && is_stream(fd);
  return take_in(fd, total, is_all, may_wait(flags), limit::receive, receive_message_attempt{fd, message, flags});
}

ssize_t send(int fd, const void* buffer, std::size_t size, int flags) noexcept {
  if (!enter()) return real().send(fd, buffer, size, flags);
  const send_attempt attempt{fd, static_cast<const std::byte*>(buffer), size, flags, nullptr, 0};
  return put_out(fd, size, may_wait(flags), limit::send, attempt);
}

ssize_t sendto(int fd, const void* buffer, std::size_t size, int flags, const sockaddr* to,
               socklen_t to_size) noexcept {
  if (!enter()) return real().sendto(fd, buffer, size, flags, to, to_size);
  const send_attempt attempt{fd, static_cast<const std::byte*>(buffer), size, flags, to, to_size};
  return put_out(fd, size, may_wait(flags), limit::send, attempt);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) noexcept {
  std::size_t total = 0;
  const bool is_sound = message != nullptr && sum_of(message->msg_iov, message->msg_iovlen, total);
  if (!is_sound || !enter()) return real().sendmsg(fd, message, flags);
  return put_out(fd, total, may_wait(flags), limit::send, send_message_attempt{fd, message, flags});
}

}  // namespace weft::posix
