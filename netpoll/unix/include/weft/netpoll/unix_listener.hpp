#pragma once
// Room: netpoll. Accepts connections over a Unix socket.
//
//   auto listener = net::listen_unix("/run/app.sock", {.mode = 0660});
//   for (;;) weft::go([conn = listener.accept()]() mutable { serve(conn); });
//
// Several fibers may accept from one listener, and take turns; close() may be called by anyone, at any time.

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <weft/netpoll/detail/bound_path.hpp>
#include <weft/netpoll/detail/descriptor.hpp>
#include <weft/netpoll/time_limit.hpp>
#include <weft/netpoll/unix_stream.hpp>
#include <weft/runtime/detail/chrono.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

struct listen_unix_options {
  int backlog = 4096;           // connections that wait to be accepted; the system may allow fewer (net.core.somaxconn)
  unsigned mode = 0;            // permissions of the path, such as 0660: who may connect; 0: as the umask has it
  bool replace_stale = true;    // a path behind which nobody listens any more is replaced
  bool remove_on_close = true;  // the path goes with the listener
  bool takes_descriptors = true;  // false: its streams take none, as dial_unix_options has it
};

class unix_listener {
 public:
  // Listens to nothing: accept is std::errc::bad_file_descriptor. So is one that was moved from.
  unix_listener() noexcept = default;
  unix_listener(unix_listener&&) noexcept = default;
  unix_listener& operator=(unix_listener&& other) noexcept;
  // Closes; does not park, and may run anywhere.
  ~unix_listener() { close(); }

  // Parks until there is a connection; a cancellation point. What ends it, what it passes over and what it waits for
  // are those of tcp_listener::accept. The error_code form returns a stream that is not open.
  [[nodiscard]] unix_stream accept();
  [[nodiscard]] unix_stream accept(std::error_code& ec);

  // As of a stream (byte_stream.hpp): for all accepts, those in progress included, which end with std::errc::timed_out;
  // time_point::max() clears it. On a listener that is closed the plain form does nothing, and the other one says
  // std::errc::bad_file_descriptor.
  using time_point = std::chrono::steady_clock::time_point;
  void set_deadline(time_limit t);
  void set_deadline(time_limit t, std::error_code& ec);

  // Wakes whoever accepts, and removes the path, if it still is the one that listen_unix made. Does not park. The plain
  // form may be called again and does nothing then; the other one says std::errc::bad_file_descriptor.
  // The socket goes a moment later: when those who accept have left, and the system has let go of it, which a poll on
  // another thread may hold until it returns. Until then an abstract name may still be address_in_use to who listens
  // there at once, and a dial be taken in; of a path the name is gone when this returns.
  void close() noexcept;
  void close(std::error_code& ec) noexcept;

  // The path, or "@" and the abstract name, also if the system chose it.
  [[nodiscard]] std::string local_address() const;
  [[nodiscard]] std::string local_address(std::error_code& ec) const;

  [[nodiscard]] bool is_open() const noexcept { return native_handle() >= 0; }
  [[nodiscard]] int native_handle() const noexcept { return descriptor_.native_handle(); }

  // Takes over a listening socket that is already known to the poller, and its path. For listen_unix.
  unix_listener(detail::descriptor listening, detail::owned_path path) noexcept
      : path_(std::move(path)), descriptor_(std::move(listening)) {}
  // The same, if no descriptor can be sent to what it accepts.
  unix_listener(detail::descriptor listening, detail::owned_path path, bool takes_bytes_alone) noexcept
      : path_(std::move(path)), descriptor_(std::move(listening)), takes_bytes_alone_(takes_bytes_alone) {}

 private:
  detail::owned_path path_;
  detail::descriptor descriptor_;
  bool takes_bytes_alone_ = false;
};

// Listens on a path; on an abstract name of Linux if it begins with '@', which has neither permissions nor a file; on
// "@" alone on an abstract name that the system chooses (local_address() tells it). A path of more than 107 bytes is
// std::errc::filename_too_long: the system's limit.
// A path that is there is std::errc::address_in_use, unless it is a socket and nobody listens behind it: what a server
// leaves that was killed. Whether somebody does is found out by connecting, which a live server sees as a connection
// that ends at once. Two servers that start at the same time do not take the path from each other; who replaces paths
// by other rules may.
// Parks only while another one does the same in that directory, for a second at most; a cancellation point. Throws
// std::system_error, which names the address; outside a runtime std::logic_error.
[[nodiscard]] unix_listener listen_unix(std::string_view address, const listen_unix_options& options = {});
[[nodiscard]] unix_listener listen_unix(std::string_view address, const listen_unix_options& options,
                                        std::error_code& ec);
[[nodiscard]] unix_listener listen_unix(std::string_view address, std::error_code& ec);

}  // namespace weft::net

#pragma GCC visibility pop
