// Room: netpoll. See dial.hpp.

#include <weft/netpoll/dial.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/deadline.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/poller.hpp>

#include "addresses.hpp"
#include "direction_use.hpp"
#include "socket_calls.hpp"
#include "unique_fd.hpp"

namespace weft::net {

using detail::direction;
using detail::direction_use;
using detail::unique_fd;

namespace {

deadline limit_of(const dial_options& options) noexcept {
  const deadline given = deadline::at(options.deadline);
  if (options.timeout == std::chrono::nanoseconds::zero()) return given;
  return std::min(given, deadline::after(weft::detail::now(), options.timeout));
}

// An address that does not answer may not use up the time of all: an equal share, and not less than two seconds.
deadline share_of(deadline until, std::size_t addresses_left) noexcept {
  if (until.is_never()) return until;
  constexpr std::int64_t k_least = 2'000'000'000;
  const std::int64_t now = weft::detail::now().nanoseconds();
  const std::int64_t share = (until.nanoseconds() - now) / static_cast<std::int64_t>(addresses_left);
  return std::min(until, deadline::from_nanoseconds(now + std::max(share, k_least)));
}

// A connection under way has come through when the socket is writable, has no error, and has a peer: an event alone may
// be left over from an earlier tenant of the block.
std::error_code finish_connecting(const detail::descriptor& connection, deadline until) {
  if (auto ec = detail::set_deadline(connection, direction::write, until)) return ec;
  direction_use use(connection, direction::write, "net::dial", "tcp connect");
  if (use.error()) return use.error();
  for (;;) {
    if (auto ec = use.await_ready()) return ec;
    if (auto ec = detail::pending_error(use.fd())) return ec;
    std::error_code ec;
    static_cast<void>(detail::peer_address_of(use.fd(), ec));
    if (!ec) return detail::set_deadline(connection, direction::write, deadline::never());
    if (ec != std::errc::not_connected) return ec;
    use.note_would_block();
  }
}

// A port of this machine on which nobody listens may be the very one that the system chose for our end, and TCP
// connects it to itself.
bool is_its_own_peer(int fd) noexcept {
  std::error_code ec;
  const endpoint here = detail::address_of(fd, ec);
  return !ec && here == detail::peer_address_of(fd, ec) && !ec;
}

tcp_stream dial_one(const endpoint& to, bool no_delay, deadline until, std::error_code& ec) {
  const detail::opened opened = detail::open_tcp_socket(to.is_v6());
  unique_fd fd(opened.fd);
  if ((ec = opened.error)) return {};
  if (no_delay && (ec = detail::set_option(fd.get(), detail::socket_option::no_delay, true))) return {};
  ec = detail::start_connecting(fd.get(), to);
  const bool is_under_way = ec == std::errc::operation_in_progress;
  if (ec && !is_under_way) return {};
  // Watched after connect: a socket that is not connecting yet would greet us with a hang-up.
  detail::descriptor connection = detail::watch_descriptor(fd, !is_under_way, ec);
  if (!ec && is_under_way) ec = finish_connecting(connection, until);
  if (!ec && is_its_own_peer(connection.native_handle())) ec = std::make_error_code(std::errc::connection_refused);
  return ec ? tcp_stream() : tcp_stream(std::move(connection));
}

tcp_stream dial_each(const std::vector<endpoint>& addresses, const dial_options& options, deadline until,
                     std::error_code& ec) {
  std::error_code first;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    ec.clear();
    if (until <= weft::detail::now()) ec = std::make_error_code(std::errc::timed_out);
    tcp_stream connected;
    if (!ec) connected = dial_one(addresses[i], options.no_delay, share_of(until, addresses.size() - i), ec);
    if (!ec) return connected;
    if (!first) first = ec;
  }
  weft::detail::cancellation_point();  // "Ending together", cancellation.hpp
  ec = first;
  return {};
}

}  // namespace

tcp_stream dial(const endpoint& address, const dial_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::dial");
  weft::detail::cancellation_point();
  return dial_each({address}, options, limit_of(options), ec);
}

tcp_stream dial(const endpoint& address, std::error_code& ec) { return dial(address, {}, ec); }

tcp_stream dial(const endpoint& address, const dial_options& options) {
  std::error_code ec;
  tcp_stream connected = dial(address, options, ec);
  if (ec) detail::throw_error(ec, "dial", address.to_string());
  return connected;
}

tcp_stream dial(std::string_view address, const dial_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::dial");
  weft::detail::cancellation_point();
  const deadline until = limit_of(options);
  const std::vector<endpoint> addresses = detail::addresses_of(address, detail::purpose::dialing, until, ec);
  if (ec) return {};
  return dial_each(addresses, options, until, ec);
}

tcp_stream dial(std::string_view address, std::error_code& ec) { return dial(address, {}, ec); }

tcp_stream dial(std::string_view address, const dial_options& options) {
  std::error_code ec;
  tcp_stream connected = dial(address, options, ec);
  if (ec) detail::throw_address_error(ec, "dial", address);
  return connected;
}

}  // namespace weft::net
