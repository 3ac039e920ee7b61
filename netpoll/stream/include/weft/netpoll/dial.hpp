#pragma once
// Room: netpoll. Connects to a TCP server.
//
//   auto conn = net::dial("example.org:80", {.timeout = 5s});
//   auto from = net::dial("10.0.0.2:80", {.local = net::endpoint::parse("10.0.0.1:0")});   // by that interface

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

  // The address of our end. Port 0: the system chooses one; "0.0.0.0:5000": any address, with this port. Addresses of
  // the other family are not tried then (if there are no others: std::errc::address_family_not_supported).
  endpoint local{};

  // How long an address may keep the next one waiting (RFC 8305: 250 ms, not less than 10); max(): until it has failed.
  std::chrono::nanoseconds attempt_delay = std::chrono::milliseconds(250);
};

// Connects to "1.2.3.4:80", "[::1]:80", "name:80", "name:http" or ":80" (this machine). Of a name all addresses are
// tried, in the system's order with the families by turns: one that has failed makes way for the next at once, one that
// does not answer after attempt_delay gets company, and the first that is connected is returned; the others are closed
// by then. If none answers, the error is the first one (that there is no way to an address, only if there is no other
// error). Parks, and is a cancellation point. The limits hold for the whole, the lookup of the name included.
// Throws std::system_error, which names the address, and how many were tried; outside a runtime std::logic_error.
[[nodiscard]] tcp_stream dial(std::string_view address, const dial_options& options = {});
[[nodiscard]] tcp_stream dial(std::string_view address, const dial_options& options, std::error_code& ec);
[[nodiscard]] tcp_stream dial(std::string_view address, std::error_code& ec);
[[nodiscard]] tcp_stream dial(const endpoint& address, const dial_options& options = {});
[[nodiscard]] tcp_stream dial(const endpoint& address, const dial_options& options, std::error_code& ec);
[[nodiscard]] tcp_stream dial(const endpoint& address, std::error_code& ec);

}  // namespace weft::net

#pragma GCC visibility pop
