#pragma once
// Room: netpoll. One TCP connection, in blocking style: operations park the calling fiber until they can be done.
//
//   auto conn = net::dial("example.org:80");
//   conn.write_all("GET / HTTP/1.0\r\n\r\n");
//   char buf[4096];
//   while (auto n = conn.read_some(buf)) consume(std::span(buf, n));
//
// Reading, writing, ending and the deadlines are those of every stream: byte_stream.hpp, which also tells who may call
// what, what ends a wait, and the errors. set_no_delay may be called by anyone at any time. Reading and writing outside
// a runtime throw std::logic_error.
// Next: byte_stream.hpp, tcp_listener.hpp, dial.hpp.

#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include <weft/netpoll/byte_stream.hpp>
#include <weft/netpoll/detail/descriptor.hpp>
#include <weft/netpoll/endpoint.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

class tcp_stream : public byte_stream<tcp_stream> {
 public:
  // No connection: every operation is std::errc::bad_file_descriptor. So is one that was moved from.
  tcp_stream() noexcept = default;
  tcp_stream(tcp_stream&&) noexcept = default;
  tcp_stream& operator=(tcp_stream&&) noexcept = default;

  // True: small writes go out at once (TCP_NODELAY), which is how streams begin.
  void set_no_delay(bool on);
  void set_no_delay(bool on, std::error_code& ec);

  // Asked of the system; the remote one is gone (std::errc::not_connected) once the connection is.
  [[nodiscard]] endpoint local_address() const;
  [[nodiscard]] endpoint local_address(std::error_code& ec) const;
  [[nodiscard]] endpoint remote_address() const;
  [[nodiscard]] endpoint remote_address(std::error_code& ec) const;

  [[nodiscard]] bool is_open() const noexcept { return native_handle() >= 0; }

  // The system's descriptor, non-blocking, still owned by the stream; -1 if there is none.
  [[nodiscard]] int native_handle() const noexcept { return descriptor_.native_handle(); }

  // Takes over a connected socket that is already known to the poller. For listeners and dial.
  explicit tcp_stream(detail::descriptor connected) noexcept : descriptor_(std::move(connected)) {}

 private:
  friend class byte_stream<tcp_stream>;

  std::size_t read(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec);
  std::size_t fill(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t write(std::span<const std::byte> buffer, std::error_code& ec);
  std::size_t write_part(std::span<const std::byte> buffer, std::error_code& ec);
  std::size_t write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec);
  void end_writing(std::error_code& ec);
  void move_read_deadline(time_point t, std::error_code& ec);
  void move_write_deadline(time_point t, std::error_code& ec);
  [[nodiscard]] bool close_now() noexcept { return descriptor_.close(); }
  [[noreturn]] static void fail(const std::error_code& ec, const char* call);

  detail::descriptor descriptor_;
};

}  // namespace weft::net

#pragma GCC visibility pop
