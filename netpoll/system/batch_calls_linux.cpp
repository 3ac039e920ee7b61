// Room: netpoll. See batch_calls.hpp. recvmmsg and sendmmsg, which are Linux's.

#include "batch_calls.hpp"

#include <algorithm>
#include <array>

#include <sys/socket.h>

#include "calling.hpp"
#include "datagram_calls.hpp"
#include "udp_segment_calls.hpp"

namespace weft::net::detail {

namespace {

struct name_room {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
};

struct messages {
  std::array<mmsghdr, k_most_in_batch> heads;
  std::array<iovec, k_most_in_batch> parts;
  std::array<name_room, k_most_in_batch> names;

  msghdr& prepare(std::size_t i, const std::byte* bytes, std::size_t size) noexcept {
    parts[i] = {const_cast<std::byte*>(bytes), size};
    heads[i] = {};
    heads[i].msg_hdr.msg_iov = &parts[i];
    heads[i].msg_hdr.msg_iovlen = 1;
    return heads[i].msg_hdr;
  }
};

batch_moved outcome_of(int moved, std::size_t asked) noexcept {
  if (moved >= 0) return {static_cast<std::size_t>(moved), static_cast<std::size_t>(moved) < asked, false, {}};
  const int error = last_error();
  if (error == EAGAIN || error == EWOULDBLOCK) return {0, false, true, {}};
  return {0, false, false, error_of(error)};
}

// An old kernel has none, a filter (seccomp) may forbid it; a firewall's EPERM the single call tells as well.
bool is_missing(const batch_moved& moved) noexcept {
  return moved.error == std::errc::function_not_supported || moved.error == std::errc::operation_not_permitted;
}

received_datagram datagram_of(const mmsghdr& head, std::size_t room) noexcept {
  received_datagram got;
  got.size = head.msg_len;
  got.count = std::min<std::size_t>(head.msg_len, room);
  got.segment_size = segment_size_of(head.msg_hdr, got.count);
  return got;
}

}  // namespace

batch_moved receive_batch(int fd, std::span<incoming_datagram> batch) noexcept {
  if (is_faulty(fault::old_kernel)) return receive_each(fd, batch);
  const std::size_t count = std::min(batch.size(), k_most_in_batch);
  messages m;
  std::array<segment_note, k_most_in_batch> beside;
  for (std::size_t i = 0; i < count; ++i) {
    msghdr& head = m.prepare(i, batch[i].buffer.data(), batch[i].buffer.size());
    head.msg_name = &m.names[i];
    head.msg_namelen = sizeof(name_room);
    head.msg_control = beside[i].bytes;
    head.msg_controllen = sizeof(beside[i].bytes);
  }
  // Without MSG_WAITFORONE and a time limit: the descriptor does not block.
  const batch_moved moved = outcome_of(
      repeat([&] { return ::recvmmsg(fd, m.heads.data(), static_cast<unsigned>(count), MSG_TRUNC, nullptr); }), count);
  if (is_missing(moved)) return receive_each(fd, batch);
  for (std::size_t i = 0; i < moved.count; ++i) {
    batch[i].received = datagram_of(m.heads[i], batch[i].buffer.size());
    batch[i].from = endpoint_from(&m.names[i].any);
  }
  return moved;
}

batch_moved send_batch(int fd, bool v6_socket, std::span<const outgoing_datagram> batch) noexcept {
  if (is_faulty(fault::exhausted)) return {0, false, false, error_of(ENOBUFS)};
  if (is_faulty(fault::old_kernel)) return send_each(fd, v6_socket, batch);
  const std::size_t count = std::min(batch.size(), k_most_in_batch);
  messages m;
  for (std::size_t i = 0; i < count; ++i) {
    msghdr& head = m.prepare(i, batch[i].bytes.data(), batch[i].bytes.size());
    if (batch[i].to == endpoint()) continue;
    const socket_address to = name_for(batch[i].to, v6_socket);
    std::memcpy(&m.names[i], to.get(), to.size);
    head.msg_name = &m.names[i];
    head.msg_namelen = to.size;
  }
  const batch_moved moved = outcome_of(
      repeat([&] { return ::sendmmsg(fd, m.heads.data(), static_cast<unsigned>(count), MSG_NOSIGNAL); }), count);
  return is_missing(moved) ? send_each(fd, v6_socket, batch) : moved;
}

}  // namespace weft::net::detail
