#pragma once
// Room: netpoll. One TCP connection, in blocking style: operations park the calling fiber until they can be done.
//
//   auto conn = net::dial("example.org:80");
//   conn.write_all("GET / HTTP/1.0\r\n\r\n");
//   char buf[4096];
//   while (auto n = conn.read_some(buf)) consume(std::span(buf, n));
//
// Reading, writing, ending and the deadlines are those of every stream: byte_stream.hpp, which also tells who may call
// what, what ends a wait, and the errors. The settings may be changed by anyone at any time, and none parks. Reading
// and writing outside a runtime throw std::logic_error.
// Next: byte_stream.hpp, tcp_listener.hpp, dial.hpp.

#include <chrono>
#include <cstddef>
#include <system_error>
#include <utility>

#include <weft/netpoll/detail/descriptor.hpp>
#include <weft/netpoll/detail/socket_stream.hpp>
#include <weft/netpoll/endpoint.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

// Whether, when and how often the system asks a peer that says nothing whether it is there. Whole seconds, rounded up.
struct keep_alive {
  bool on = true;
  std::chrono::seconds idle{15};      // so long without a byte, then the first question
  std::chrono::seconds interval{15};  // from question to question
  int count = 9;                      // unanswered ones, before reads and writes end with std::errc::timed_out
};

class tcp_stream : public detail::socket_stream<tcp_stream> {
 public:
  // No connection: every operation is std::errc::bad_file_descriptor. So is one that was moved from.
  tcp_stream() noexcept = default;
  tcp_stream(tcp_stream&&) noexcept = default;
  tcp_stream& operator=(tcp_stream&&) noexcept = default;

  // --- Settings. The system's numbers, with its limits: what it does not take is its error.

  // True: small writes go out at once (TCP_NODELAY), which is how streams begin.
  void set_no_delay(bool on);
  void set_no_delay(bool on, std::error_code& ec);

  // Streams begin without.
  void set_keep_alive(const keep_alive& how);
  void set_keep_alive(const keep_alive& how, std::error_code& ec);

  // How long what was written may stay unacknowledged before the connection ends with std::errc::timed_out, whatever
  // the retransmissions and keep_alive say (TCP_USER_TIMEOUT). 0: the system's own, some 15 minutes.
  void set_user_timeout(std::chrono::milliseconds most);
  void set_user_timeout(std::chrono::milliseconds most, std::error_code& ec);

  // True: close() drops what the peer has not taken, and resets the connection (SO_LINGER of 0). Streams begin without:
  // close() returns at once, and the system sends what is left. A linger that waits would block a worker: wait for the
  // peer's end of stream instead, after shutdown_write().
  void set_reset_on_close(bool on);
  void set_reset_on_close(bool on, std::error_code& ec);

  // True: what comes is acknowledged at once, until the system thinks better of it (TCP_QUICKACK).
  void set_quick_ack(bool on);
  void set_quick_ack(bool on, std::error_code& ec);

  // What the system may keep for this connection; it doubles the number, for its own needs, and no longer tunes it.
  void set_receive_buffer(std::size_t bytes);
  void set_receive_buffer(std::size_t bytes, std::error_code& ec);
  void set_send_buffer(std::size_t bytes);
  void set_send_buffer(std::size_t bytes, std::error_code& ec);

  // --- Who is at its ends.

  // Asked of the system; the remote one is gone (std::errc::not_connected) once the connection is.
  [[nodiscard]] endpoint local_address() const;
  [[nodiscard]] endpoint local_address(std::error_code& ec) const;
  [[nodiscard]] endpoint remote_address() const;
  [[nodiscard]] endpoint remote_address(std::error_code& ec) const;

  // Takes over a connected socket that is already known to the poller. For listeners and dial.
  explicit tcp_stream(detail::descriptor connected) noexcept : socket_stream(std::move(connected)) {}

 private:
  friend class detail::socket_stream<tcp_stream>;
  [[nodiscard]] static const detail::stream_words& words() noexcept;
};

}  // namespace weft::net

#pragma GCC visibility pop
