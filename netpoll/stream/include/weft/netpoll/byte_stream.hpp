#pragma once
// Room: netpoll. What every stream of bytes can do, in blocking style: operations park the calling fiber until they can
// be done. tcp_stream and pipe_stream derive from it, and their headers say what is theirs alone.
//
//   conn.write_all("GET / HTTP/1.0\r\n\r\n");
//   char buf[4096];
//   while (auto n = conn.read_some(buf)) consume(std::span(buf, n));
//
// Threads. One fiber may read while another writes. Further readers, or writers, wait for their turn, in order of
// arrival; write_all and read_exactly keep their turn to the end. close, the deadlines and shutdown_write may be called
// by anyone at any time. Destroying, and assigning over, are the owner's, when nobody begins another call; a call in
// progress ends as by close(). Moving from a stream is the owner's when nobody is in a call on it: what others use
// while it moves stays where it is, behind a std::shared_ptr or a std::ref. The destructor closes, does not park, and
// may run anywhere, also after the runtime has ended. A stream with a descriptor is used while the runtime lives in
// which it was made, also by fibers of others; operations after that are std::errc::bad_file_descriptor.
// Waiting. read_*, write_* are cancellation points; what ends their waits is readiness, the deadline of their direction
// (std::errc::timed_out), close() (std::errc::operation_canceled; calls that begin after it get
// std::errc::bad_file_descriptor), and cancellation, which is thrown by all forms.
// Errors. The plain forms throw std::system_error. Those with a trailing error_code set it, or clear it, and return
// what had been transferred by then (read_some and write_some: 0). A broken pipe is std::errc::broken_pipe and never a
// SIGPIPE.
// Next: tcp_stream.hpp, pipe.hpp; buffers.hpp tells what may be passed as a buffer.

#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>
#include <type_traits>

#include <weft/netpoll/buffers.hpp>
#include <weft/netpoll/chunk.hpp>
#include <weft/netpoll/time_limit.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/chrono.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

namespace detail {
class descriptor;
struct socket_access;
}  // namespace detail

// `Stream` derives from it and keeps for it, privately: read, read_into, fill, write, write_part, write_from,
// end_writing, move_read_deadline, move_write_deadline, close_now and fail. And, if it can do better than those below:
// borrow, if it can wait without a buffer; write_each; socket_behind, if all that is read and written is a socket's.
template <class Stream>
class byte_stream {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  // --- Reading.

  // At least one byte, at most what the buffer holds, as soon as there is any. 0: end of stream, or an empty buffer.
  template <detail::mutable_byte_range Buffer>
  std::size_t read_some(Buffer&& buffer) {
    return or_throw("read_some", [&](std::error_code& ec) { return read_some(buffer, ec); });
  }
  template <detail::mutable_byte_range Buffer>
  std::size_t read_some(Buffer&& buffer, std::error_code& ec) {
    return heard(self().read(detail::writable_bytes_of(buffer), ec), ec);
  }

  // The same into several buffers, the first one first.
  std::size_t read_some(std::span<const std::span<std::byte>> buffers) {
    return or_throw("read_some", [&](std::error_code& ec) { return read_some(buffers, ec); });
  }
  std::size_t read_some(std::span<const std::span<std::byte>> buffers, std::error_code& ec) {
    return heard(self().read_into(buffers, ec), ec);
  }

  // What there is, as soon as there is any, in a buffer that is borrowed only then. Empty: end of stream. When to use
  // it: chunk.hpp.
  chunk read_chunk() {
    return or_throw("read_chunk", [&](std::error_code& ec) { return read_chunk(ec); });
  }
  chunk read_chunk(std::error_code& ec) {
    chunk got = self().borrow(ec);
    heard(got.size(), ec);
    return got;
  }

  // Fills the buffer. If the stream ends first: net::errc::end_of_stream.
  template <detail::mutable_byte_range Buffer>
  void read_exactly(Buffer&& buffer) {
    or_throw("read_exactly", [&](std::error_code& ec) { return read_exactly(buffer, ec); });
  }
  template <detail::mutable_byte_range Buffer>
  std::size_t read_exactly(Buffer&& buffer, std::error_code& ec) {
    return heard(self().fill(detail::writable_bytes_of(buffer), ec), ec);
  }

  // --- Writing.

  // The whole buffer: returns when the system has taken all of it.
  template <detail::byte_range Buffer>
  void write_all(Buffer&& buffer) {
    or_throw("write_all", [&](std::error_code& ec) { return write_all(buffer, ec); });
  }
  template <detail::byte_range Buffer>
  std::size_t write_all(Buffer&& buffer, std::error_code& ec) {
    return heard(self().write(detail::bytes_of(buffer), ec), ec);
  }
  void write_all(std::string_view text) { write_all(detail::bytes_of_text(text)); }
  std::size_t write_all(std::string_view text, std::error_code& ec) {
    return write_all(detail::bytes_of_text(text), ec);
  }

  // The same from several buffers, the first one first, as if they were one: a head and a body, without copying.
  void write_all(std::span<const std::span<const std::byte>> buffers) {
    or_throw("write_all", [&](std::error_code& ec) { return write_all(buffers, ec); });
  }
  std::size_t write_all(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
    return heard(self().write_each(buffers, ec), ec);
  }

  // As much as the system takes at once, at least one byte; 0 if the buffer is empty.
  template <detail::byte_range Buffer>
  std::size_t write_some(Buffer&& buffer) {
    return or_throw("write_some", [&](std::error_code& ec) { return write_some(buffer, ec); });
  }
  template <detail::byte_range Buffer>
  std::size_t write_some(Buffer&& buffer, std::error_code& ec) {
    return heard(self().write_part(detail::bytes_of(buffer), ec), ec);
  }
  std::size_t write_some(std::string_view text) { return write_some(detail::bytes_of_text(text)); }
  std::size_t write_some(std::string_view text, std::error_code& ec) {
    return write_some(detail::bytes_of_text(text), ec);
  }

  // The same from several buffers, the first one first.
  std::size_t write_some(std::span<const std::span<const std::byte>> buffers) {
    return or_throw("write_some", [&](std::error_code& ec) { return write_some(buffers, ec); });
  }
  std::size_t write_some(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
    return heard(self().write_from(buffers, ec), ec);
  }

  // --- Not of a const stream.

  template <detail::mutable_byte_range Buffer>
  void read_some(Buffer&&) const = delete;  // a const stream: is the lambda mutable?
  template <detail::mutable_byte_range Buffer>
  void read_some(Buffer&&, std::error_code&) const = delete;  // a const stream: is the lambda mutable?
  template <detail::mutable_byte_range Buffer>
  void read_exactly(Buffer&&) const = delete;  // a const stream: is the lambda mutable?
  template <detail::mutable_byte_range Buffer>
  void read_exactly(Buffer&&, std::error_code&) const = delete;  // a const stream: is the lambda mutable?
  void read_chunk() const = delete;                              // a const stream: is the lambda mutable?
  void read_chunk(std::error_code&) const = delete;              // a const stream: is the lambda mutable?
  template <detail::byte_range Buffer>
  void write_all(Buffer&&) const = delete;  // a const stream: is the lambda mutable?
  template <detail::byte_range Buffer>
  void write_all(Buffer&&, std::error_code&) const = delete;          // a const stream: is the lambda mutable?
  void write_all(std::string_view) const = delete;                    // a const stream: is the lambda mutable?
  void write_all(std::string_view, std::error_code&) const = delete;  // a const stream: is the lambda mutable?
  template <detail::byte_range Buffer>
  void write_some(Buffer&&) const = delete;  // a const stream: is the lambda mutable?
  template <detail::byte_range Buffer>
  void write_some(Buffer&&, std::error_code&) const = delete;          // a const stream: is the lambda mutable?
  void write_some(std::string_view) const = delete;                    // a const stream: is the lambda mutable?
  void write_some(std::string_view, std::error_code&) const = delete;  // a const stream: is the lambda mutable?

  // --- Ending.

  // Tells the peer that no more will be written: its reads end. Ours go on. Does not park.
  void shutdown_write() {
    or_throw("shutdown_write", [&](std::error_code& ec) { shutdown_write(ec); });
  }
  void shutdown_write(std::error_code& ec) { self().end_writing(ec); }

  // Wakes whoever waits on this stream, with std::errc::operation_canceled. Does not park, is no cancellation point.
  // The plain form may be called again and does nothing then; the other one says std::errc::bad_file_descriptor.
  // The peer hears of it when calls in progress have left, and a poll on another thread has: a moment later, perhaps.
  void close() noexcept { static_cast<void>(self().close_now()); }
  void close(std::error_code& ec) noexcept {
    ec = self().close_now() ? std::error_code() : std::make_error_code(std::errc::bad_file_descriptor);
  }

  // --- Time. A deadline holds for all operations of its direction, those in progress included, until it is set anew;
  // one that has passed ends them at once, also if there is something to read. So long from now, or a point on the
  // steady clock; time_point::max() clears it (time_limit.hpp).
  // As with close(), the plain forms do nothing on a stream that is closed, so that a server which shuts down may set
  // the deadlines of connections that end meanwhile; the others say std::errc::bad_file_descriptor.

  void set_deadline(time_limit t) {
    unless_closed("set_deadline", [&](std::error_code& ec) { set_deadline(t, ec); });
  }
  void set_deadline(time_limit t, std::error_code& ec) {
    set_read_deadline(t, ec);
    if (!ec) set_write_deadline(t, ec);
  }
  void set_read_deadline(time_limit t) {
    unless_closed("set_read_deadline", [&](std::error_code& ec) { set_read_deadline(t, ec); });
  }
  void set_read_deadline(time_limit t, std::error_code& ec) { self().move_read_deadline(t.until(), ec); }
  void set_write_deadline(time_limit t) {
    unless_closed("set_write_deadline", [&](std::error_code& ec) { set_write_deadline(t, ec); });
  }
  void set_write_deadline(time_limit t, std::error_code& ec) { self().move_write_deadline(t.until(), ec); }

 protected:
  byte_stream() noexcept = default;
  byte_stream(byte_stream&&) noexcept = default;
  byte_stream& operator=(byte_stream&&) noexcept = default;
  ~byte_stream() = default;

  // A turn for each buffer: what another fiber writes may come between two.
  std::size_t write_each(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
    ec.clear();
    std::size_t written = 0;
    for (const std::span<const std::byte> each : buffers) {
      written += self().write(each, ec);
      if (ec) break;
    }
    return written;
  }

  template <class Call>
  static auto or_throw(const char* name, Call call) {
    std::error_code ec;
    if constexpr (std::is_void_v<decltype(call(ec))>) {
      call(ec);
      if (ec) Stream::fail(ec, name);
    } else {
      auto result = call(ec);
      if (ec) Stream::fail(ec, name);
      return result;
    }
  }

 private:
  friend struct detail::socket_access;

  template <class Call>
  static void unless_closed(const char* name, Call call) {
    std::error_code ec;
    call(ec);
    if (ec && ec != std::errc::bad_file_descriptor) Stream::fail(ec, name);
  }

  // "Ending together" (cancellation.hpp): what ended the stream may have been the end of its other side.
  static std::size_t heard(std::size_t moved, const std::error_code& ec) {
    if (ec || moved == 0) weft::detail::cancellation_point();
    return moved;
  }

  // Of a stream that has none of its own.
  chunk borrow(std::error_code& ec) {
    return detail::read_into_chunk(ec, [&](auto buffer) { return self().read(buffer, ec); });
  }

  [[nodiscard]] const detail::descriptor* socket_of_self() noexcept { return self().socket_behind(); }
  [[nodiscard]] const detail::descriptor* socket_behind() const noexcept { return nullptr; }

  [[nodiscard]] Stream& self() noexcept { return static_cast<Stream&>(*this); }
};

namespace detail {

// What net::copy asks a stream: the socket that it is, null if it is more than that, or none.
struct socket_access {
  template <class Stream>
  [[nodiscard]] static const descriptor* of(byte_stream<Stream>& stream) noexcept {
    return stream.socket_of_self();
  }
};

}  // namespace detail

}  // namespace weft::net

#pragma GCC visibility pop
