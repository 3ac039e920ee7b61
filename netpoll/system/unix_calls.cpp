// Room: netpoll. See unix_calls.hpp.

#include "unix_calls.hpp"

#include "calling.hpp"
#include "system_sockets.hpp"

namespace weft::net::detail {

namespace {

int type_of(unix_kind kind) noexcept { return kind == unix_kind::stream ? SOCK_STREAM : SOCK_DGRAM; }

template <class Get>
unix_address unix_address_by(Get get, int fd, std::error_code& ec) noexcept {
  unix_address address;
  ec = outcome([&] { return get(fd, address.get(), &address.size); });
  return ec ? unix_address() : address;
}

}  // namespace

opened open_unix_socket(unix_kind kind) noexcept {
  return open_with([kind] { return new_socket(AF_UNIX, type_of(kind), 0); });
}

std::error_code open_unix_pair(unix_kind kind, unique_fd& first, unique_fd& second) noexcept {
  int ends[2] = {-1, -1};
  const opened made = open_with([&] { return new_pair(AF_UNIX, type_of(kind), ends); });
  if (made.error) return made.error;
  first = unique_fd(ends[0]);
  second = unique_fd(ends[1]);
  return {};
}

std::error_code bind_unix(int fd, const unix_address& address) noexcept {
  return outcome([&] { return ::bind(fd, address.get(), address.size); });
}

std::error_code connect_unix(int fd, const unix_address& address) noexcept {
  return outcome([&] { return ::connect(fd, address.get(), address.size); });
}

unix_address unix_address_of(int fd, std::error_code& ec) noexcept { return unix_address_by(&::getsockname, fd, ec); }

unix_address unix_peer_address_of(int fd, std::error_code& ec) noexcept {
  return unix_address_by(&::getpeername, fd, ec);
}

namespace {

// `message_of` is given the number of bytes to ask for.
template <class MessageOf>
transferred receive_alone(int fd, std::size_t size, MessageOf message_of) noexcept {
  int flags = 0;
  transferred got = transfer(fd, size, ECONNRESET, [&](std::size_t n) {
    msghdr message = message_of(n);
    const ssize_t moved = ::recvmsg(fd, &message, 0);
    flags = message.msg_flags;
    return moved;
  });
  // There was something beside the bytes, and no room for it: descriptors.
  if ((flags & MSG_CTRUNC) != 0) got.drained = false;
  return got;
}

}  // namespace

transferred receive_unix(int fd, std::span<std::byte> buffer) noexcept {
  iovec part{buffer.data(), 0};
  return receive_alone(fd, buffer.size(), [&part](std::size_t n) {
    part.iov_len = n;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return message;
  });
}

transferred receive_unix(int fd, std::span<const std::span<std::byte>> buffers) noexcept {
  io_vector<std::byte> vector(buffers);
  return receive_alone(fd, vector.bytes, [&vector](std::size_t n) {
    vector.limit(n);
    return vector.message();
  });
}

}  // namespace weft::net::detail
