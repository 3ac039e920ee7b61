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

#include <sys/types.h>

#include <weft/netpoll/detail/descriptor.hpp>
#include <weft/netpoll/detail/socket_stream.hpp>
#include <weft/netpoll/owned_descriptor.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

// Who connected, as the system knows it.
struct peer_credentials {
  ::pid_t process = 0;
  ::uid_t user = 0;
  ::gid_t group = 0;
};

struct received_descriptors {
  std::size_t count = 0;        // bytes in the buffer; 0: end of stream, or an empty buffer
  std::size_t descriptors = 0;  // how many places are taken
  bool were_dropped = false;    // more came than that: there was no place, or the process has no more descriptors. They
                                // are closed
};

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

  // --- Descriptors. Copies travel to the other end, which may be another process, together with bytes: at least one,
  // at most 253 at a time. They wait, take their turns and end as writes and reads do. Whatever becomes of the bytes,
  // nothing leaks: what nobody receives, what a plain read meets, and what is left in a stream that is closed, is
  // closed. Who never wants any says so: `takes_descriptors` of dial_unix and listen_unix.

  // The caller keeps its own. All of the bytes are written, and the descriptors go with the first of them.
  // std::errc::invalid_argument: no descriptor, more than 253, or no byte.
  void send_descriptors(std::span<const int> descriptors, std::span<const std::byte> bytes);
  std::size_t send_descriptors(std::span<const int> descriptors, std::span<const std::byte> bytes, std::error_code& ec);
  // One, with a byte that says nothing.
  void send_descriptor(int descriptor);
  void send_descriptor(int descriptor, std::error_code& ec);

  // As read_some, with what came along: into places from the first on, 253 at most, which close what they owned before.
  // They are close-on-exec. A read ends behind the bytes that one send_descriptors sent together.
  //   std::array<net::owned_descriptor, 4> fds;
  //   const auto got = conn.receive_descriptors(buffer, fds);
  [[nodiscard]] received_descriptors receive_descriptors(std::span<std::byte> buffer,
                                                         std::span<owned_descriptor> places);
  [[nodiscard]] received_descriptors receive_descriptors(std::span<std::byte> buffer,
                                                         std::span<owned_descriptor> places, std::error_code& ec);
  // What send_descriptor sent. If the stream ended it is net::errc::end_of_stream; std::errc::no_message if the byte
  // came alone; too_many_files_open if the descriptor was dropped.
  [[nodiscard]] owned_descriptor receive_descriptor();
  [[nodiscard]] owned_descriptor receive_descriptor(std::error_code& ec);

  // --- Who is at its ends. Asked of the system.

  // Of the process that connected, or listened, as it was then: it cannot lie, but it may be gone, and another process
  // have its number. Of a pair: whoever made it.
  [[nodiscard]] net::peer_credentials peer_credentials() const;
  [[nodiscard]] net::peer_credentials peer_credentials(std::error_code& ec) const;

  [[nodiscard]] std::string local_address() const;
  [[nodiscard]] std::string local_address(std::error_code& ec) const;
  [[nodiscard]] std::string remote_address() const;
  [[nodiscard]] std::string remote_address(std::error_code& ec) const;

  // Takes over a connected socket that is already known to the poller. For listeners and dial_unix.
  explicit unix_stream(detail::descriptor connected) noexcept : socket_stream(std::move(connected)) {}
  // The same; true: no descriptor can be sent to it.
  unix_stream(detail::descriptor connected, bool takes_bytes_alone) noexcept;

 private:
  friend class byte_stream<unix_stream>;
  friend class detail::socket_stream<unix_stream>;
  [[nodiscard]] static const detail::stream_words& words() noexcept;

  // In place of those of every socket: a read stops behind bytes that came with descriptors, though there may be more.
  // If none can come, they are the same.
  std::size_t read(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec);
  std::size_t fill(std::span<std::byte> buffer, std::error_code& ec);
  chunk borrow(std::error_code& ec);

  std::size_t write_with(std::span<const int> descriptors, std::span<const std::byte> bytes, std::error_code& ec);
  received_descriptors read_with(std::span<std::byte> buffer, std::span<owned_descriptor> places, std::error_code& ec);
};

}  // namespace weft::net

#pragma GCC visibility pop
