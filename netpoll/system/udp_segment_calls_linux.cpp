// Room: netpoll. See udp_segment_calls.hpp.

#include "udp_segment_calls.hpp"

#include <cstring>

#include <netinet/in.h>
#include <netinet/udp.h>

#include "calling.hpp"

namespace weft::net::detail {

std::size_t segment_size_of(const msghdr& received, std::size_t count) noexcept {
  for (const cmsghdr* each = CMSG_FIRSTHDR(&received); each != nullptr;
       each = CMSG_NXTHDR(const_cast<msghdr*>(&received), const_cast<cmsghdr*>(each))) {
    if (each->cmsg_level != SOL_UDP || each->cmsg_type != UDP_GRO) continue;
    int size = 0;
    std::memcpy(&size, CMSG_DATA(each), sizeof(size));
    return static_cast<std::size_t>(size) < count ? static_cast<std::size_t>(size) : 0;
  }
  return 0;
}

bool coalesce_received(int fd) noexcept {
  const int on = 1;
  return !outcome([&] { return ::setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on)); });
}

transferred send_segments(int fd, std::span<const std::byte> bytes, std::size_t segment_size, const sockaddr* to,
                          socklen_t size) noexcept {
  if (is_faulty(fault::exhausted)) return {0, false, false, error_of(ENOBUFS)};
  if (is_faulty(fault::old_kernel)) return {0, false, false, error_of(EINVAL)};
  const auto cut = static_cast<std::uint16_t>(segment_size);
  struct alignas(cmsghdr) {
    std::byte bytes[CMSG_SPACE(sizeof(cut))];
  } beside{};
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(to);
  message.msg_namelen = size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = beside.bytes;
  message.msg_controllen = sizeof(beside.bytes);
  cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_UDP;
  head->cmsg_type = UDP_SEGMENT;
  head->cmsg_len = CMSG_LEN(sizeof(cut));
  std::memcpy(CMSG_DATA(head), &cut, sizeof(cut));
  const ssize_t sent = repeat([&] { return ::sendmsg(fd, &message, MSG_NOSIGNAL); });
  if (sent >= 0) return {static_cast<std::size_t>(sent), false, false, {}};
  const int error = last_error();
  if (error == EAGAIN || error == EWOULDBLOCK) return {0, false, true, {}};
  return {0, false, false, error_of(error)};
}

bool is_unsegmented(const std::error_code& ec) noexcept {
  if (ec.category() != std::system_category()) return false;
  const int n = ec.value();
  return n == EINVAL || n == EIO || n == EMSGSIZE || n == ENOPROTOOPT || n == EOPNOTSUPP;
}

}  // namespace weft::net::detail
