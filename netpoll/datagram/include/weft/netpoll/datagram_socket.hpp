#pragma once
// Room: netpoll. What every socket of datagrams can do, in blocking style: operations park the calling fiber until they
// can be done. udp_socket and unix_datagram derive from it, and their headers say what is theirs alone.
//
//   std::byte buf[2048];
//   net::endpoint from;
//   for (;;) {
//     const auto got = sock.receive_from(buf, from);
//     sock.send_to(std::span(buf, got.count), from);
//   }
//
// Datagrams come one by one and whole, or not at all; one that is larger than the buffer is cut, and says so
// (received_datagram). One of no bytes is a datagram: there is no end.
// Threads. One fiber may receive while another sends. Further ones wait for their turn, in order of arrival. close and
// the deadlines may be called by anyone at any time. Destroying, and assigning over, are the owner's, when nobody
// begins another call; a call in progress ends as by close(). Moving from a socket is the owner's when nobody is in a
// call on it. The destructor closes, does not park, and may run anywhere, also after the runtime has ended.
// Waiting. receive*, send* are cancellation points; what ends their waits is readiness, the deadline of their direction
// (std::errc::timed_out), close() (std::errc::operation_canceled; calls that begin after it get
// std::errc::bad_file_descriptor), and cancellation, which is thrown by all forms. A send waits only while the kernel
// has no room; what it has taken may be lost all the same.
// Errors. The plain forms throw std::system_error, those with a trailing error_code set it, or clear it. Of a connected
// socket std::errc::connection_refused means that an earlier datagram met nobody: the next call may be fine. Too large
// a datagram is std::errc::message_size. Outside a runtime: std::logic_error.
// Next: udp_socket.hpp, unix_datagram.hpp; buffers.hpp tells what may be passed as a buffer.

#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <weft/netpoll/buffers.hpp>
#include <weft/netpoll/datagram.hpp>
#include <weft/netpoll/detail/descriptor.hpp>
#include <weft/netpoll/time_limit.hpp>
#include <weft/runtime/detail/chrono.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

namespace detail {
void set_receive_deadline(const descriptor& of, deadline until, std::error_code& ec) noexcept;
void set_send_deadline(const descriptor& of, deadline until, std::error_code& ec) noexcept;
[[noreturn]] void fail_datagram(const char* type, const std::error_code& ec, const char* call);
}  // namespace detail

// `Socket` derives from it and keeps for it, privately: k_type, take, put and close_now. `Address` is what a sender's
// address is written to, `Name` how a receiver's is passed.
template <class Socket, class Address, class Name>
class datagram_socket {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  // --- Receiving: the next datagram, from whomever; on a connected socket from its peer alone.

  template <detail::mutable_byte_range Buffer>
  received_datagram receive(Buffer&& buffer) {
    return or_throw("receive", [&](std::error_code& ec) { return receive(buffer, ec); });
  }
  template <detail::mutable_byte_range Buffer>
  received_datagram receive(Buffer&& buffer, std::error_code& ec) {
    return self().take(detail::writable_bytes_of(buffer), nullptr, ec);
  }
  template <detail::mutable_byte_range Buffer>
  received_datagram receive_from(Buffer&& buffer, Address& from) {
    return or_throw("receive_from", [&](std::error_code& ec) { return receive_from(buffer, from, ec); });
  }
  template <detail::mutable_byte_range Buffer>
  received_datagram receive_from(Buffer&& buffer, Address& from, std::error_code& ec) {
    return self().take(detail::writable_bytes_of(buffer), &from, ec);
  }

  // --- Sending: the whole buffer as one datagram, to the peer of a connected socket, or to an address.

  template <detail::byte_range Buffer>
  void send(Buffer&& buffer) {
    or_throw("send", [&](std::error_code& ec) { send(buffer, ec); });
  }
  template <detail::byte_range Buffer>
  void send(Buffer&& buffer, std::error_code& ec) {
    self().put(detail::bytes_of(buffer), nullptr, ec);
  }
  void send(std::string_view text) { send(detail::bytes_of_text(text)); }
  void send(std::string_view text, std::error_code& ec) { send(detail::bytes_of_text(text), ec); }
  template <detail::byte_range Buffer>
  void send_to(Buffer&& buffer, const Name& to) {
    or_throw("send_to", [&](std::error_code& ec) { send_to(buffer, to, ec); });
  }
  template <detail::byte_range Buffer>
  void send_to(Buffer&& buffer, const Name& to, std::error_code& ec) {
    self().put(detail::bytes_of(buffer), &to, ec);
  }
  void send_to(std::string_view text, const Name& to) { send_to(detail::bytes_of_text(text), to); }
  void send_to(std::string_view text, const Name& to, std::error_code& ec) {
    send_to(detail::bytes_of_text(text), to, ec);
  }

  // --- Ending. Wakes whoever waits on this socket, with std::errc::operation_canceled. Does not park, is no
  // cancellation point. The plain form may be called again and does nothing then; the other one says
  // std::errc::bad_file_descriptor.
  // The address is free a moment later, when calls in progress have left, and a poll on another thread has: who binds
  // it at once, and is told address_in_use, asks again.
  void close() noexcept { static_cast<void>(self().close_now()); }
  void close(std::error_code& ec) noexcept {
    ec = self().close_now() ? std::error_code() : std::make_error_code(std::errc::bad_file_descriptor);
  }

  // --- Time: as of a stream (byte_stream.hpp), receiving being its reading and sending its writing.

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
  void set_read_deadline(time_limit t, std::error_code& ec) {
    detail::set_receive_deadline(descriptor_, t.until(), ec);
  }
  void set_write_deadline(time_limit t) {
    unless_closed("set_write_deadline", [&](std::error_code& ec) { set_write_deadline(t, ec); });
  }
  void set_write_deadline(time_limit t, std::error_code& ec) { detail::set_send_deadline(descriptor_, t.until(), ec); }

  [[nodiscard]] bool is_open() const noexcept { return native_handle() >= 0; }

  // The system's descriptor, non-blocking, still owned by the socket; -1 if there is none.
  [[nodiscard]] int native_handle() const noexcept { return descriptor_.native_handle(); }

 protected:
  datagram_socket() noexcept = default;
  explicit datagram_socket(detail::descriptor opened) noexcept : descriptor_(std::move(opened)) {}
  datagram_socket(datagram_socket&&) noexcept = default;
  datagram_socket& operator=(datagram_socket&&) noexcept = default;
  ~datagram_socket() = default;

  [[nodiscard]] detail::descriptor& socket() noexcept { return descriptor_; }
  [[nodiscard]] const detail::descriptor& socket() const noexcept { return descriptor_; }

  template <class Call>
  static auto or_throw(const char* name, Call call) {
    std::error_code ec;
    if constexpr (std::is_void_v<decltype(call(ec))>) {
      call(ec);
      if (ec) detail::fail_datagram(Socket::k_type, ec, name);
    } else {
      auto result = call(ec);
      if (ec) detail::fail_datagram(Socket::k_type, ec, name);
      return result;
    }
  }

 private:
  template <class Call>
  static void unless_closed(const char* name, Call call) {
    std::error_code ec;
    call(ec);
    if (ec && ec != std::errc::bad_file_descriptor) detail::fail_datagram(Socket::k_type, ec, name);
  }

  [[nodiscard]] Socket& self() noexcept { return static_cast<Socket&>(*this); }

  detail::descriptor descriptor_;
};

}  // namespace weft::net

#pragma GCC visibility pop
