#pragma once
// Room: netpoll. Connects to a TCP server.
//
//   auto conn = net::dial("example.org:80", {.timeout = 5s});

#include <string_view>
#include <system_error>

#include <weft/netpoll/endpoint.hpp>
#include <weft/netpoll/tcp_stream.hpp>
#include <weft/runtime/detail/chrono.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

struct dial_options {
  // The earlier of both ends the attempt with std::errc::timed_out. 0 and max(): no limit but the system's own.
  std::chrono::nanoseconds timeout{0};
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  bool no_delay = true;  // small writes go out at once (TCP_NODELAY)
};

// Connects to "1.2.3.4:80", "[::1]:80", "name:80", "name:http" or ":80" (this machine). The addresses of a name are
// tried in the system's order, one after the other; if none answers, the error is that of the first. Parks, and is a
// cancellation point. The limits hold for the whole, the lookup of the name included.
// Throws std::system_error, which names the address; outside a runtime std::logic_error.
[[nodiscard]] tcp_stream dial(std::string_view address, const dial_options& options = {});
[[nodiscard]] tcp_stream dial(std::string_view address, const dial_options& options, std::error_code& ec);
[[nodiscard]] tcp_stream dial(std::string_view address, std::error_code& ec);
[[nodiscard]] tcp_stream dial(const endpoint& address, const dial_options& options = {});
[[nodiscard]] tcp_stream dial(const endpoint& address, const dial_options& options, std::error_code& ec);
[[nodiscard]] tcp_stream dial(const endpoint& address, std::error_code& ec);

}  // namespace weft::net

#pragma GCC visibility pop
