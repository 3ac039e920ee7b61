#pragma once
// Room: netpoll. Names to addresses, by the system's own resolver (getaddrinfo: /etc/hosts, DNS, whatever the machine
// is set up with), run where it may block. Parks the calling fiber only. The resolver itself cannot be interrupted: who
// is asked to end, or whose time limit passes, goes at once and leaves it to answer to nobody; one that had not begun
// never does. At most 256 lookups may be left so in a process; until some have answered, further ones are refused.

#include <string_view>
#include <system_error>
#include <vector>

#include <weft/netpoll/endpoint.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

// All stream addresses of the host, in the system's order of preference. `service` is a port ("8080") or a name
// ("http"). Throws std::system_error: errc::host_not_found, service_not_found, resolver_failed, resolver_busy,
// resolver_stuck, or the system's (resource_unavailable_try_again: no thread to look it up on). A cancellation point;
// outside a runtime std::logic_error.
[[nodiscard]] std::vector<endpoint> resolve(std::string_view host, std::string_view service);
[[nodiscard]] std::vector<endpoint> resolve(std::string_view host, std::string_view service, std::error_code& ec);

}  // namespace weft::net

#pragma GCC visibility pop
