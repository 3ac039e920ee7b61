#pragma once
// Room: netpoll. Accepts TCP connections.
//
//   auto listener = net::listen("127.0.0.1:8080");
//   for (;;) weft::go([conn = listener.accept()]() mutable { serve(conn); });
//
// Several fibers may accept from one listener, and take turns; close() may be called by anyone, at any time.
// One is enough as a rule: its loop gives out connections faster than they are served (on two processors two or four
// listeners got no more done). Where measuring says otherwise, as it may with short connections on many processors,
// several share an address, each with an accept loop of its own, and the system spreads the connections:
//
//   auto first = net::listen(":8080", {.reuse_port = true});
//   auto second = net::listen(first.local_address(), {.reuse_port = true});
//
// The connections that wait in a listener's backlog go when it is closed, and are not passed on to the others.

#include <string_view>
#include <system_error>
#include <utility>

#include <weft/netpoll/detail/descriptor.hpp>
#include <weft/netpoll/endpoint.hpp>
#include <weft/netpoll/tcp_stream.hpp>
#include <weft/netpoll/time_limit.hpp>
#include <weft/runtime/detail/chrono.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

struct listen_options {
  int backlog = 4096;         // connections that wait to be accepted; the system may allow fewer (net.core.somaxconn)
  bool reuse_address = true;  // do not wait out old connections of the same address (SO_REUSEADDR)
  bool reuse_port = false;    // let other listeners have the same address, and share its connections (SO_REUSEPORT)
  bool v6_only = false;       // "[::]:80" and ":80" are IPv6 alone, and leave IPv4's port 80 to others (IPV6_V6ONLY)
};

class tcp_listener {
 public:
  // Listens to nothing: accept is std::errc::bad_file_descriptor. So is one that was moved from.
  tcp_listener() noexcept = default;
  tcp_listener(tcp_listener&&) noexcept = default;
  tcp_listener& operator=(tcp_listener&&) noexcept = default;

  // Parks until there is a connection; a cancellation point. Ends with std::errc::operation_canceled if the listener is
  // closed meanwhile, and with std::errc::bad_file_descriptor if it was closed before.
  // A connection that broke before it was accepted is passed over; an error that comes 16 times in a row, at last with
  // pauses between, is told: it is not one connection's. Out of descriptors, or of memory, it waits, longer
  // from try to try (1 to 500 ms, or until weft closes a descriptor), and tries again: the connections stay in the
  // backlog. The error_code form returns a stream that is not open.
  [[nodiscard]] tcp_stream accept();
  [[nodiscard]] tcp_stream accept(std::error_code& ec);

  // As of a stream (byte_stream.hpp): for all accepts, those in progress included, which end with std::errc::timed_out;
  // time_point::max() clears it. On a listener that is closed the plain form does nothing, and the other one says
  // std::errc::bad_file_descriptor.
  using time_point = std::chrono::steady_clock::time_point;
  void set_deadline(time_limit t);
  void set_deadline(time_limit t, std::error_code& ec);

  // Wakes whoever accepts. Does not park. The plain form may be called again and does nothing then; the other one says
  // std::errc::bad_file_descriptor.
  // The address is free a moment later: when those who accept have left, and the system has let go of the socket, which
  // a poll on another thread may hold until it returns. Who listens there at once, and is told address_in_use, asks
  // again; until then a dial may still be taken in, and be reset.
  void close() noexcept;
  void close(std::error_code& ec) noexcept;

  // With the port that was given by the system if it was asked for port 0.
  [[nodiscard]] endpoint local_address() const;
  [[nodiscard]] endpoint local_address(std::error_code& ec) const;

  [[nodiscard]] bool is_open() const noexcept { return native_handle() >= 0; }
  [[nodiscard]] int native_handle() const noexcept { return descriptor_.native_handle(); }

  // Takes over a listening socket that is already known to the poller. For listen.
  explicit tcp_listener(detail::descriptor listening) noexcept : descriptor_(std::move(listening)) {}

 private:
  detail::descriptor descriptor_;
};

// Listens on an address; on the first of a name ("localhost:80") that can be had. ":80" and "[::]:80" listen on every
// address of IPv6 and of IPv4 (of IPv4 alone on a machine without IPv6). Port 0 lets the system choose.
// Parks only to look up a name. Throws std::system_error, which names the address; outside a runtime std::logic_error.
[[nodiscard]] tcp_listener listen(std::string_view address, const listen_options& options = {});
[[nodiscard]] tcp_listener listen(std::string_view address, const listen_options& options, std::error_code& ec);
[[nodiscard]] tcp_listener listen(std::string_view address, std::error_code& ec);
[[nodiscard]] tcp_listener listen(const endpoint& address, const listen_options& options = {});
[[nodiscard]] tcp_listener listen(const endpoint& address, const listen_options& options, std::error_code& ec);
[[nodiscard]] tcp_listener listen(const endpoint& address, std::error_code& ec);

}  // namespace weft::net

#pragma GCC visibility pop
