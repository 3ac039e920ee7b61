#pragma once
// Room: netpoll. Names to addresses, by the system's own resolver (getaddrinfo: /etc/hosts, DNS, whatever the machine
// is set up with), run where it may block. Parks the calling fiber only. The resolver itself cannot be interrupted: who
// is asked to end, or whose time limit passes, goes at once and leaves it to answer to nobody; one that had not begun
// never does.
// Who asks for a name while it is being looked up shares the answer, as in Go: a thousand fibers that dial one name ask
// once, and who goes takes nothing from the others. At most 64 lookups are under way in a process; further ones wait
// for their turn, in order. So a dead name server costs 64 threads, and code in weft::blocking keeps the rest.
//
//   net::set_resolver({.keep_answers = 30s});    // once, at the start of main

#include <cstddef>
#include <string_view>
#include <system_error>
#include <vector>

#include <weft/netpoll/endpoint.hpp>
#include <weft/runtime/detail/chrono.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

struct resolver_options {
  // Under way at once, in the process; 0: 64. More than 256 that nobody waits for any more are refused in any case
  // (errc::resolver_stuck).
  std::size_t most_lookups = 64;
  // How long an answer is given again, from when it was asked for. The resolver does not tell how long its answers
  // hold: choose what you can bear of an old one. 0: each call asks anew.
  std::chrono::nanoseconds keep_answers{0};
  // The same for "no such host" and "no such service"; never longer than keep_answers. Other failures are not kept.
  std::chrono::nanoseconds keep_failures = std::chrono::seconds(1);
  std::size_t most_kept = 1024;  // answers; then the one that is to go first goes
};

// For the whole process, from now on; forgets the answers that were kept. Any thread; does not park.
void set_resolver(const resolver_options& options);

// All stream addresses of the host, in the system's order of preference. `service` is a port ("8080") or a name
// ("http"). Throws std::system_error: errc::host_not_found, service_not_found, resolver_failed, resolver_busy,
// resolver_stuck, or the system's (resource_unavailable_try_again: no thread to look it up on). A cancellation point;
// outside a runtime std::logic_error.
[[nodiscard]] std::vector<endpoint> resolve(std::string_view host, std::string_view service);
[[nodiscard]] std::vector<endpoint> resolve(std::string_view host, std::string_view service, std::error_code& ec);

}  // namespace weft::net

#pragma GCC visibility pop
