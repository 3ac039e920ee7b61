#pragma once
// Room: netpoll. UDP, in blocking style: operations park the calling fiber until they can be done.
//
//   auto server = net::udp_socket::bind(":5353");               // from whomever: receive_from, send_to
//   auto client = net::udp_socket::connect("example.org:53");   // with one peer: receive, send
//   client.set_read_deadline(2s);                               // for UDP loses datagrams
//
// Receiving, sending, ending and the deadlines are those of every socket of datagrams: datagram_socket.hpp, which also
// tells who may call what, what ends a wait, and the errors. The settings may be changed by anyone at any time, and
// none parks.
// Many small datagrams are cheaper together: receive_batch and send_batch move up to 32 by one system call, and
// send_segments lets the kernel cut one buffer into datagrams of equal size. Where the system has no such calls the
// same is done one by one.
// Next: datagram_socket.hpp, datagram.hpp.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include <weft/netpoll/datagram_socket.hpp>
#include <weft/netpoll/endpoint.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

struct udp_options {
  bool reuse_address = false;  // others may bind the same address: receivers of one multicast group (SO_REUSEADDR)
  bool reuse_port = false;     // ... and share what comes, by sender (SO_REUSEPORT)
  bool coalesce = false;       // what one sender sent together may be received together, in one large buffer, if the
                               // kernel can (UDP_GRO): received_datagram::segment_size tells it. Pass 64 KiB
  std::size_t receive_buffer = 0;  // what the system may keep, in bytes; it doubles the number. 0: its own
  std::size_t send_buffer = 0;
  endpoint local = {};  // connect: from this address; as it is by default the system chooses
};

class udp_socket : public datagram_socket<udp_socket, endpoint, endpoint> {
 public:
  // No socket: every operation is std::errc::bad_file_descriptor. So is one that was moved from.
  udp_socket() noexcept = default;
  udp_socket(udp_socket&&) noexcept = default;
  udp_socket& operator=(udp_socket&&) noexcept = default;

  // Receives what is sent to an address; "localhost:5353": to the first of a name that can be had. ":5353" and
  // "[::]:5353" are every address of IPv6 and of IPv4 (of IPv4 alone on a machine without IPv6). Port 0 lets the system
  // choose. Parks only to look up a name. Throws std::system_error, which names the address; outside a runtime
  // std::logic_error. The error_code form returns a socket that is not open.
  [[nodiscard]] static udp_socket bind(std::string_view address, const udp_options& options = {});
  [[nodiscard]] static udp_socket bind(std::string_view address, const udp_options& options, std::error_code& ec);
  [[nodiscard]] static udp_socket bind(std::string_view address, std::error_code& ec);
  [[nodiscard]] static udp_socket bind(const endpoint& address, const udp_options& options = {});
  [[nodiscard]] static udp_socket bind(const endpoint& address, const udp_options& options, std::error_code& ec);
  [[nodiscard]] static udp_socket bind(const endpoint& address, std::error_code& ec);

  // Exchanges datagrams with one peer: the first address of a name to which there is a way. Nothing is sent, so that
  // nobody need be there. Parks only to look up a name; errors as of bind.
  [[nodiscard]] static udp_socket connect(std::string_view address, const udp_options& options = {});
  [[nodiscard]] static udp_socket connect(std::string_view address, const udp_options& options, std::error_code& ec);
  [[nodiscard]] static udp_socket connect(std::string_view address, std::error_code& ec);
  [[nodiscard]] static udp_socket connect(const endpoint& address, const udp_options& options = {});
  [[nodiscard]] static udp_socket connect(const endpoint& address, const udp_options& options, std::error_code& ec);
  [[nodiscard]] static udp_socket connect(const endpoint& address, std::error_code& ec);

  // --- Several at once.

  // Waits for one and takes as many as are there and have a place, 32 at most, in order of arrival. How many: at least
  // 1, or 0 if there is no place.
  std::size_t receive_batch(std::span<incoming_datagram> batch);
  std::size_t receive_batch(std::span<incoming_datagram> batch, std::error_code& ec);

  // Sends all of them, in order. How many were: all, or those before the one that failed.
  std::size_t send_batch(std::span<const outgoing_datagram> batch);
  std::size_t send_batch(std::span<const outgoing_datagram> batch, std::error_code& ec);

  // The buffer as datagrams of `segment_size` bytes, the last one of what is left. Bytes sent: all, or those before the
  // datagram that failed. std::errc::invalid_argument if the size is 0.
  template <detail::byte_range Buffer>
  std::size_t send_segments(Buffer&& buffer, std::size_t segment_size) {
    return or_throw("send_segments", [&](std::error_code& ec) { return send_segments(buffer, segment_size, ec); });
  }
  template <detail::byte_range Buffer>
  std::size_t send_segments(Buffer&& buffer, std::size_t segment_size, std::error_code& ec) {
    return put_segments(detail::bytes_of(buffer), segment_size, nullptr, ec);
  }
  template <detail::byte_range Buffer>
  std::size_t send_segments_to(Buffer&& buffer, std::size_t segment_size, const endpoint& to) {
    return or_throw("send_segments_to",
                    [&](std::error_code& ec) { return send_segments_to(buffer, segment_size, to, ec); });
  }
  template <detail::byte_range Buffer>
  std::size_t send_segments_to(Buffer&& buffer, std::size_t segment_size, const endpoint& to, std::error_code& ec) {
    return put_segments(detail::bytes_of(buffer), segment_size, &to, ec);
  }

  // --- Groups. Receives what is sent to a multicast group, too (its port says nothing). `interface` is the index of
  // the network interface, as interface_index() knows it; 0: the group's scope, or the system chooses.

  void join_group(const endpoint& group, std::uint32_t interface = 0);
  void join_group(const endpoint& group, std::uint32_t interface, std::error_code& ec);
  void leave_group(const endpoint& group, std::uint32_t interface = 0);
  void leave_group(const endpoint& group, std::uint32_t interface, std::error_code& ec);

  // Of what is sent to groups: out by which interface (0: the system chooses), over how many routers (begins as 1:
  // none), and whether members on this machine have it, too (begins as true).
  void set_multicast_interface(std::uint32_t interface);
  void set_multicast_interface(std::uint32_t interface, std::error_code& ec);
  void set_multicast_hop_limit(int hops);
  void set_multicast_hop_limit(int hops, std::error_code& ec);
  void set_multicast_loop(bool on);
  void set_multicast_loop(bool on, std::error_code& ec);

  // --- Settings. The system's numbers, with its limits: what it does not take is its error.

  // True: may be sent to a broadcast address (begins as false: std::errc::permission_denied).
  void set_broadcast(bool on);
  void set_broadcast(bool on, std::error_code& ec);
  // 1 to 255 (TTL, hop limit); -1: the system's own, if it is asked that way.
  void set_hop_limit(int hops);
  void set_hop_limit(int hops, std::error_code& ec);
  // 0 to 255: what routers are asked for (TOS, traffic class): 0xb8 is expedited forwarding.
  void set_traffic_class(int value);
  void set_traffic_class(int value, std::error_code& ec);
  void set_receive_buffer(std::size_t bytes);
  void set_receive_buffer(std::size_t bytes, std::error_code& ec);
  void set_send_buffer(std::size_t bytes);
  void set_send_buffer(std::size_t bytes, std::error_code& ec);

  // --- Who is at its ends. Asked of the system; a socket that is not connected has no remote address
  // (std::errc::not_connected).

  [[nodiscard]] endpoint local_address() const;
  [[nodiscard]] endpoint local_address(std::error_code& ec) const;
  [[nodiscard]] endpoint remote_address() const;
  [[nodiscard]] endpoint remote_address(std::error_code& ec) const;

  // Takes over a socket that is already known to the poller. For bind and connect.
  udp_socket(detail::descriptor opened, bool is_v6) noexcept : datagram_socket(std::move(opened)), is_v6_(is_v6) {}

 private:
  friend class datagram_socket<udp_socket, endpoint, endpoint>;
  static constexpr const char* k_type = "udp_socket";

  received_datagram take(std::span<std::byte> buffer, endpoint* from, std::error_code& ec);
  void put(std::span<const std::byte> bytes, const endpoint* to, std::error_code& ec);
  std::size_t put_segments(std::span<const std::byte> bytes, std::size_t segment_size, const endpoint* to,
                           std::error_code& ec);
  [[nodiscard]] bool close_now() noexcept { return socket().close(); }

  bool is_v6_ = false;
};

// The index of a network interface ("eth0"); std::errc::no_such_device if there is none, which the throwing form names.
[[nodiscard]] std::uint32_t interface_index(std::string_view name);
[[nodiscard]] std::uint32_t interface_index(std::string_view name, std::error_code& ec);

}  // namespace weft::net

#pragma GCC visibility pop
