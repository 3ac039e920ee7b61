// Room: netpoll. See batch_calls.hpp. One by one, where not every system of the family has a call for many.

#include "batch_calls.hpp"

namespace weft::net::detail {

batch_moved receive_batch(int fd, std::span<incoming_datagram> batch) noexcept { return receive_each(fd, batch); }

batch_moved send_batch(int fd, bool v6_socket, std::span<const outgoing_datagram> batch) noexcept {
  return send_each(fd, v6_socket, batch);
}

}  // namespace weft::net::detail
