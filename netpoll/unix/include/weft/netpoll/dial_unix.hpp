#pragma once
// Room: netpoll. Connects to a server behind a Unix socket.
//
//   auto conn = net::dial_unix("/run/app.sock", {.timeout = 5s});

#include <string_view>
#include <system_error>

#include <weft/netpoll/unix_stream.hpp>
#include <weft/runtime/detail/chrono.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

struct dial_unix_options {
  // The earlier of both ends the attempt with std::errc::timed_out. 0 and max(): no limit.
  std::chrono::nanoseconds timeout{0};
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  // False: this end takes no descriptors. On Linux 6.16 and later a peer that sends some is told
  // std::errc::operation_not_permitted, nothing of it comes, and a read costs a tenth less; elsewhere they are closed
  // when a read meets them, as by all that do not receive them.
  bool takes_descriptors = true;
};

// Connects to a path, or to an abstract name of Linux ("@name"). A server that does not keep up with accepting holds
// the caller up, as one over TCP would: while its backlog is full the caller pauses and tries again, 1 ms to half a
// second apart. Parks for that alone, and is a cancellation point.
// Throws std::system_error, which names the address: no_such_file_or_directory, connection_refused (nobody listens
// behind it), permission_denied; outside a runtime std::logic_error. The error_code form returns a stream that is not
// open.
[[nodiscard]] unix_stream dial_unix(std::string_view address, const dial_unix_options& options = {});
[[nodiscard]] unix_stream dial_unix(std::string_view address, const dial_unix_options& options, std::error_code& ec);
[[nodiscard]] unix_stream dial_unix(std::string_view address, std::error_code& ec);

}  // namespace weft::net

#pragma GCC visibility pop
