#pragma once
// Room: netpoll. Datagrams over Unix sockets, in blocking style: operations park the calling fiber until they can be
// done. Unlike UDP's they come in order, and none is lost: who sends to a receiver that does not keep up waits.
//
//   auto log = net::unix_datagram::bind("/run/app.log", {.mode = 0620});
//   char line[1024];
//   for (;;) std::cout << std::string_view(line, log.receive(line).count) << '\n';
//
//   net::unix_datagram::connect("/run/app.log").send("hello");
//
// Receiving, sending, ending and the deadlines are those of every socket of datagrams: datagram_socket.hpp, which also
// tells who may call what, what ends a wait, and the errors. A receiver whose socket is gone is
// std::errc::connection_refused, or no_such_file_or_directory. Of a receiver that is full a connected sender hears when
// it is not, at once; who uses send_to tries again, 1 ms to half a second apart.
// Addresses are texts, as of unix_listener.hpp, which also tells what becomes of paths that are there; "" is a sender
// that has none, and cannot be answered. bind("@") lets the system choose an abstract name (Linux).
// Next: datagram_socket.hpp, unix_listener.hpp.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <weft/netpoll/datagram_socket.hpp>
#include <weft/netpoll/detail/bound_path.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

struct unix_datagram_options {
  unsigned mode = 0;            // permissions of the path, such as 0620: who may send; 0: as the umask has it
  bool replace_stale = true;    // a path behind which nobody receives any more is replaced
  bool remove_on_close = true;  // the path goes with the socket
  std::string_view local = {};  // connect: from this address, so that the peer can answer; it may be "@"
};

class unix_datagram : public datagram_socket<unix_datagram, std::string, std::string_view> {
 public:
  // No socket: every operation is std::errc::bad_file_descriptor. So is one that was moved from.
  unix_datagram() noexcept = default;
  unix_datagram(unix_datagram&&) noexcept = default;
  unix_datagram& operator=(unix_datagram&& other) noexcept;
  ~unix_datagram() { close(); }

  // Receives what is sent to an address. Parks and throws as listen_unix.
  [[nodiscard]] static unix_datagram bind(std::string_view address, const unix_datagram_options& options = {});
  [[nodiscard]] static unix_datagram bind(std::string_view address, const unix_datagram_options& options,
                                          std::error_code& ec);
  [[nodiscard]] static unix_datagram bind(std::string_view address, std::error_code& ec);

  // Exchanges datagrams with one peer, which must be there. Parks only as bind does, for options.local.
  [[nodiscard]] static unix_datagram connect(std::string_view address, const unix_datagram_options& options = {});
  [[nodiscard]] static unix_datagram connect(std::string_view address, const unix_datagram_options& options,
                                             std::error_code& ec);
  [[nodiscard]] static unix_datagram connect(std::string_view address, std::error_code& ec);

  // Neither: for send_to alone. Does not park.
  [[nodiscard]] static unix_datagram open();
  [[nodiscard]] static unix_datagram open(std::error_code& ec);

  // Two that are connected to each other, and have no address. Does not park.
  [[nodiscard]] static std::pair<unix_datagram, unix_datagram> pair();
  [[nodiscard]] static std::pair<unix_datagram, unix_datagram> pair(std::error_code& ec);

  // Asked of the system; of a socket that is not connected the remote one is std::errc::not_connected.
  [[nodiscard]] std::string local_address() const;
  [[nodiscard]] std::string local_address(std::error_code& ec) const;
  [[nodiscard]] std::string remote_address() const;
  [[nodiscard]] std::string remote_address(std::error_code& ec) const;

  // Takes over a socket that is already known to the poller, and its path. For bind and its like.
  unix_datagram(detail::descriptor opened, detail::owned_path path) noexcept
      : datagram_socket(std::move(opened)), path_(std::move(path)) {}

 private:
  friend class datagram_socket<unix_datagram, std::string, std::string_view>;
  static constexpr const char* k_type = "unix_datagram";

  received_datagram take(std::span<std::byte> buffer, std::string* from, std::error_code& ec);
  void put(std::span<const std::byte> bytes, const std::string_view* to, std::error_code& ec);
  [[nodiscard]] bool close_now() noexcept;

  detail::owned_path path_;
};

}  // namespace weft::net

#pragma GCC visibility pop
