// Room: netpoll. See datagram_calls.hpp.

#include "datagram_calls.hpp"

#include "calling.hpp"
#include "udp_segment_calls.hpp"
#include "system_sockets.hpp"

namespace weft::net::detail {

namespace {

#if defined(__linux__)
constexpr int k_tell_true_size = MSG_TRUNC;
#else
constexpr int k_tell_true_size = 0;
#endif

received_datagram datagram_of(std::size_t told, const msghdr& message, std::size_t room) noexcept {
  received_datagram got;
  got.count = std::min(told, room);
  got.size = told;
  if ((message.msg_flags & MSG_TRUNC) != 0) got.size = std::max(told, room + 1);
  got.segment_size = segment_size_of(message, got.count);
  return got;
}

// `blank` says where a name, and what comes beside the bytes, have room.
arrived receive_message(int fd, std::span<std::byte> buffer, const msghdr& blank, msghdr& message) noexcept {
  iovec part{buffer.data(), buffer.size()};
  const ssize_t told = repeat([&] {
    message = blank;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return ::recvmsg(fd, &message, k_tell_true_size);
  });
  if (told >= 0) return {datagram_of(static_cast<std::size_t>(told), message, buffer.size()), false, {}};
  const int error = last_error();
  if (error == EAGAIN || error == EWOULDBLOCK) return {{}, true, {}};
  return {{}, false, error_of(error)};
}

}  // namespace

opened open_udp_socket(bool v6) noexcept {
  return open_with([v6] { return new_socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, IPPROTO_UDP); });
}

arrived receive_datagram(int fd, std::span<std::byte> buffer, sockaddr* from, socklen_t* size) noexcept {
  msghdr blank{};
  msghdr message{};
  blank.msg_name = from;
  blank.msg_namelen = size != nullptr ? *size : 0;
  const arrived got = receive_message(fd, buffer, blank, message);
  if (size != nullptr) *size = message.msg_namelen;
  return got;
}

arrived receive_udp(int fd, std::span<std::byte> buffer, endpoint* from) noexcept {
  socket_address name;
  segment_note beside;
  msghdr blank{};
  msghdr message{};
  blank.msg_name = from != nullptr ? name.get() : nullptr;
  blank.msg_namelen = from != nullptr ? name.size : 0;
  blank.msg_control = beside.bytes;
  blank.msg_controllen = sizeof(beside.bytes);
  const arrived got = receive_message(fd, buffer, blank, message);
  if (from != nullptr && !got.error && !got.would_block) *from = endpoint_from(name.get());
  return got;
}

transferred send_datagram(int fd, std::span<const std::byte> bytes, const sockaddr* to, socklen_t size) noexcept {
  if (is_faulty(fault::exhausted)) return {0, false, false, error_of(ENOBUFS)};
  const ssize_t sent = repeat([&] { return ::sendto(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL, to, size); });
  if (sent >= 0) return {static_cast<std::size_t>(sent), false, false, {}};
  const int error = last_error();
  if (error == EAGAIN || error == EWOULDBLOCK) return {0, false, true, {}};
  return {0, false, false, error_of(error)};
}

socket_address name_for(const endpoint& to, bool v6_socket) noexcept {
  if (to.is_v6() || !v6_socket) return socket_address(to);
  std::array<std::uint8_t, 16> mapped{};
  mapped[10] = mapped[11] = 0xff;
  for (std::size_t i = 0; i < 4; ++i) mapped[12 + i] = to.bytes()[i];
  return socket_address(endpoint::v6(mapped, to.port()));
}

bool is_out_of_buffers(const std::error_code& ec) noexcept { return ec == error_of(ENOBUFS); }

}  // namespace weft::net::detail
