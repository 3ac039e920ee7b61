// Room: netpoll. See rights_calls.hpp.

#include "rights_calls.hpp"

#include <cstring>

#include "calling.hpp"

namespace weft::net::detail {

namespace {

struct alignas(cmsghdr) control {
  std::byte bytes[CMSG_SPACE(sizeof(int) * k_most_descriptors)];
};

msghdr message_of(iovec& part, control& beside, std::size_t length) noexcept {
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = length != 0 ? beside.bytes : nullptr;
  message.msg_controllen = static_cast<decltype(message.msg_controllen)>(length);
  return message;
}

#if defined(MSG_CMSG_CLOEXEC)
constexpr int k_close_on_exec = MSG_CMSG_CLOEXEC;
#else
constexpr int k_close_on_exec = 0;  // the caller's, one by one
#endif

std::size_t taken_from(msghdr& message, std::span<int> room) noexcept {
  std::size_t taken = 0;
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::memcpy(room.data() + taken, CMSG_DATA(each), count * sizeof(int));
    taken += count;
  }
  return taken;
}

}  // namespace

transferred send_with_descriptors(int fd, std::span<const std::byte> bytes, std::span<const int> descriptors) noexcept {
  control beside;
  return transfer(fd, bytes.size(), EPIPE, [&](std::size_t n) {
    iovec part{const_cast<std::byte*>(bytes.data()), n};
    msghdr message = message_of(part, beside, CMSG_SPACE(descriptors.size_bytes()));
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = static_cast<decltype(head->cmsg_len)>(CMSG_LEN(descriptors.size_bytes()));
    std::memcpy(CMSG_DATA(head), descriptors.data(), descriptors.size_bytes());
    return ::sendmsg(fd, &message, MSG_NOSIGNAL);
  });
}

// The room that the system is told of is exact: what alignment would add it would fill, too.
received_with_descriptors receive_with_descriptors(int fd, std::span<std::byte> bytes, std::span<int> room) noexcept {
  control beside;
  received_with_descriptors got;
  // As a process without descriptors: the system drops what it cannot place.
  const std::size_t length = room.empty() || is_faulty(fault::exhausted) ? 0 : CMSG_LEN(room.size_bytes());
  msghdr message{};
  got.bytes = transfer(fd, bytes.size(), ECONNRESET, [&](std::size_t n) {
    iovec part{bytes.data(), n};
    message = message_of(part, beside, length);
    return ::recvmsg(fd, &message, k_close_on_exec);
  });
  if (got.bytes.error || got.bytes.would_block) return got;
  if (length != 0) got.descriptors = taken_from(message, room);
  got.were_dropped = (message.msg_flags & MSG_CTRUNC) != 0;
  if (got.descriptors != 0 || got.were_dropped) got.bytes.drained = false;  // as in receive_unix
  return got;
}

}  // namespace weft::net::detail
