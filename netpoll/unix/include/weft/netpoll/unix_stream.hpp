#pragma once
// Room: netpoll. One connection over a Unix socket, in blocking style: operations park the calling fiber until they can
// be done.
//
//   auto conn = net::dial_unix("/run/app.sock");
//   conn.write_all("status\n");
//   char buf[4096];
//   while (auto n = conn.read_some(buf)) consume(std::span(buf, n));
//
// Reading, writing, ending and the deadlines are those of every stream: byte_stream.hpp, which also tells who may call
// what, what ends a wait, and the errors. Reading and writing outside a runtime throw std::logic_error.
// Addresses are texts: a path; "@name" for an abstract name (Linux alone); "" for an end that has none, as most
// clients.
// Next: byte_stream.hpp, unix_listener.hpp, dial_unix.hpp.

#include <cstddef>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include <weft/netpoll/detail/descriptor.hpp>
#include <weft/netpoll/detail/socket_stream.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

class unix_stream : public detail::socket_stream<unix_stream> {
 public:
  // No connection: every operation is std::errc::bad_file_descriptor. So is one that was moved from.
  unix_stream() noexcept = default;
  unix_stream(unix_stream&&) noexcept = default;
  unix_stream& operator=(unix_stream&&) noexcept = default;

  // Two ends that are connected to each other and have no address; one of them may be given to a child process. Does
  // not park. Throws std::system_error; outside a runtime std::logic_error. The error_code form returns two streams
  // that are not open.
  [[nodiscard]] static std::pair<unix_stream, unix_stream> pair();
  [[nodiscard]] static std::pair<unix_stream, unix_stream> pair(std::error_code& ec);

  // --- Who is at its ends. Asked of the system.

  [[nodiscard]] std::string local_address() const;
  [[nodiscard]] std::string local_address(std::error_code& ec) const;
  [[nodiscard]] std::string remote_address() const;
  [[nodiscard]] std::string remote_address(std::error_code& ec) const;

  // Takes over a connected socket that is already known to the poller. For listeners and dial_unix.
  explicit unix_stream(detail::descriptor connected) noexcept : socket_stream(std::move(connected)) {}

 private:
  friend class byte_stream<unix_stream>;
  friend class detail::socket_stream<unix_stream>;
  [[nodiscard]] static const detail::stream_words& words() noexcept;

  // In place of those of every socket: a read stops behind bytes that came with descriptors, though there may be more.
  std::size_t read(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec);
  std::size_t fill(std::span<std::byte> buffer, std::error_code& ec);
};

}  // namespace weft::net

#pragma GCC visibility pop
