#pragma once
// Room: netpoll. One TCP connection, in blocking style: operations park the calling fiber until they can be done.
//
//   auto conn = net::dial("example.org:80");
//   conn.write_all("GET / HTTP/1.0\r\n\r\n");
//   char buf[4096];
//   while (auto n = conn.read_some(buf)) consume(std::span(buf, n));
//
// Threads. One fiber may read while another writes. Further readers, or writers, wait for their turn, in order of
// arrival; write_all and read_exactly keep their turn to the end. close, the deadlines, shutdown_write and set_no_delay
// may be called by anyone at any time. Moving and destroying are the owner's, when nobody begins another call; a call
// in progress ends as by close(). The destructor closes, does not park, and may run anywhere, also after the runtime
// has ended.
// Waiting. read_*, write_* are cancellation points; what ends their waits is readiness, the deadline of their direction
// (std::errc::timed_out), close() (std::errc::operation_canceled; calls that begin after it get
// std::errc::bad_file_descriptor), and cancellation, which is thrown by all forms. Outside a runtime they throw
// std::logic_error.
// Errors. The plain forms throw std::system_error. Those with a trailing error_code set it, or clear it, and return
// what had been transferred by then (read_some and write_some: 0). A broken pipe is std::errc::broken_pipe and never a
// SIGPIPE.
// Next: tcp_listener.hpp, dial.hpp; buffers.hpp tells what may be passed as a buffer.

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <weft/netpoll/buffers.hpp>
#include <weft/netpoll/detail/descriptor.hpp>
#include <weft/netpoll/endpoint.hpp>

namespace weft::net {

class tcp_stream {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  // No connection: every operation is std::errc::bad_file_descriptor. So is one that was moved from.
  tcp_stream() noexcept = default;
  tcp_stream(tcp_stream&&) noexcept = default;
  tcp_stream& operator=(tcp_stream&&) noexcept = default;

  // --- Reading.

  // At least one byte, at most what the buffer holds, as soon as there is any. 0: end of stream, or an empty buffer.
  template <detail::mutable_byte_range Buffer>
  std::size_t read_some(Buffer&& buffer) {
    return or_throw("read_some", [&](std::error_code& ec) { return read(detail::writable_bytes_of(buffer), ec); });
  }
  template <detail::mutable_byte_range Buffer>
  std::size_t read_some(Buffer&& buffer, std::error_code& ec) {
    return read(detail::writable_bytes_of(buffer), ec);
  }

  // The same into several buffers, the first one first.
  std::size_t read_some(std::span<const std::span<std::byte>> buffers);
  std::size_t read_some(std::span<const std::span<std::byte>> buffers, std::error_code& ec);

  // Fills the buffer. If the stream ends first: net::errc::end_of_stream.
  template <detail::mutable_byte_range Buffer>
  void read_exactly(Buffer&& buffer) {
    or_throw("read_exactly", [&](std::error_code& ec) { return fill(detail::writable_bytes_of(buffer), ec); });
  }
  template <detail::mutable_byte_range Buffer>
  std::size_t read_exactly(Buffer&& buffer, std::error_code& ec) {
    return fill(detail::writable_bytes_of(buffer), ec);
  }

  // --- Writing.

  // The whole buffer: returns when the system has taken all of it.
  template <detail::byte_range Buffer>
  void write_all(Buffer&& buffer) {
    or_throw("write_all", [&](std::error_code& ec) { return write(detail::bytes_of(buffer), ec); });
  }
  template <detail::byte_range Buffer>
  std::size_t write_all(Buffer&& buffer, std::error_code& ec) {
    return write(detail::bytes_of(buffer), ec);
  }
  void write_all(std::string_view text);
  std::size_t write_all(std::string_view text, std::error_code& ec);

  // As much as the system takes at once, at least one byte; 0 if the buffer is empty.
  template <detail::byte_range Buffer>
  std::size_t write_some(Buffer&& buffer) {
    return or_throw("write_some", [&](std::error_code& ec) { return write_part(detail::bytes_of(buffer), ec); });
  }
  template <detail::byte_range Buffer>
  std::size_t write_some(Buffer&& buffer, std::error_code& ec) {
    return write_part(detail::bytes_of(buffer), ec);
  }
  std::size_t write_some(std::string_view text);
  std::size_t write_some(std::string_view text, std::error_code& ec);

  // The same from several buffers, the first one first.
  std::size_t write_some(std::span<const std::span<const std::byte>> buffers);
  std::size_t write_some(std::span<const std::span<const std::byte>> buffers, std::error_code& ec);

  // --- Ending.

  // Tells the peer that no more will be written: its reads end. Ours go on. Does not park.
  void shutdown_write();
  void shutdown_write(std::error_code& ec);

  // Wakes whoever waits on this stream, with std::errc::operation_canceled. Does not park, is no cancellation point.
  // The plain form may be called again and does nothing then; the other one says std::errc::bad_file_descriptor.
  void close() noexcept;
  void close(std::error_code& ec) noexcept;

  // --- Time. A deadline holds for all operations of its direction, those in progress included, until it is set anew;
  // one that has passed ends them at once, also if there is something to read. time_point::max() clears it.

  void set_deadline(time_point t);
  void set_deadline(time_point t, std::error_code& ec);
  void set_read_deadline(time_point t);
  void set_read_deadline(time_point t, std::error_code& ec);
  void set_write_deadline(time_point t);
  void set_write_deadline(time_point t, std::error_code& ec);

  // --- The rest.

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
  std::size_t read(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t fill(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t write(std::span<const std::byte> buffer, std::error_code& ec);
  std::size_t write_part(std::span<const std::byte> buffer, std::error_code& ec);
  [[noreturn]] static void fail(const std::error_code& ec, const char* call);

  template <class Call>
  static auto or_throw(const char* name, Call call) {
    std::error_code ec;
    if constexpr (std::is_void_v<decltype(call(ec))>) {
      call(ec);
      if (ec) fail(ec, name);
    } else {
      auto result = call(ec);
      if (ec) fail(ec, name);
      return result;
    }
  }

  detail::descriptor descriptor_;
};

}  // namespace weft::net
