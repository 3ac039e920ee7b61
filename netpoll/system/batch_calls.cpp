// Room: netpoll. See batch_calls.hpp.

#include "batch_calls.hpp"

#include <algorithm>

#include "datagram_calls.hpp"

namespace weft::net::detail {

batch_moved receive_each(int fd, std::span<incoming_datagram> batch) noexcept {
  batch_moved moved;
  for (incoming_datagram& each : batch.first(std::min(batch.size(), k_most_in_batch))) {
    const arrived got = receive_udp(fd, each.buffer, &each.from);
    if (got.error || got.would_block) {
      if (moved.count == 0) return {0, false, got.would_block, got.error};
      moved.drained = got.would_block;
      break;
    }
    each.received = got.datagram;
    ++moved.count;
  }
  return moved;
}

batch_moved send_each(int fd, bool v6_socket, std::span<const outgoing_datagram> batch) noexcept {
  batch_moved moved;
  for (const outgoing_datagram& each : batch.first(std::min(batch.size(), k_most_in_batch))) {
    const bool is_named = each.to != endpoint();
    const socket_address to = name_for(each.to, v6_socket);
    const transferred put = send_datagram(fd, each.bytes, is_named ? to.get() : nullptr, is_named ? to.size : 0);
    if (put.error || put.would_block) {
      if (moved.count == 0) return {0, false, put.would_block, put.error};
      break;
    }
    ++moved.count;
  }
  return moved;
}

}  // namespace weft::net::detail
