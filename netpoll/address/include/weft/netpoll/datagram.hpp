#pragma once
// Room: netpoll. Datagrams as values: what is known of one that came, and the elements of batches. Next:
// udp_socket.hpp.

#include <cstddef>
#include <span>

#include <weft/netpoll/endpoint.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

// Of no bytes is a datagram as any other: it is no end of anything.
struct received_datagram {
  std::size_t count = 0;  // bytes in the buffer
  std::size_t size = 0;   // of the datagram as it was sent: more than count if the buffer was too small. The rest is
                          // lost. Where the system does not tell (all but Linux): count + 1 then
  std::size_t segment_size =
      0;  // not 0: several datagrams in one buffer, each of so many bytes, the last one of what is
          // left (udp_options.coalesce)

  [[nodiscard]] constexpr bool is_truncated() const noexcept { return size > count; }
};

// One place of a batch to be filled.
struct incoming_datagram {
  std::span<std::byte> buffer = {};
  received_datagram received = {};
  endpoint from = {};
};

// One datagram of a batch to be sent.
struct outgoing_datagram {
  std::span<const std::byte> bytes = {};
  endpoint to = {};  // as it is by default ("0.0.0.0:0"): to the peer of a connected socket
};

}  // namespace weft::net

#pragma GCC visibility pop
