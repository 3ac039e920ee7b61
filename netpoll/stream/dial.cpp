// Room: netpoll. See dial.hpp.

#include <weft/netpoll/dial.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/deadline.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/poller.hpp>

#include "addresses.hpp"
#include "dial_race.hpp"

namespace weft::net {

namespace {

deadline limit_of(const dial_options& options) noexcept {
  const deadline given = deadline::at(options.deadline);
  if (options.timeout == std::chrono::nanoseconds::zero()) return given;
  return std::min(given, deadline::after(weft::detail::now(), options.timeout));
}

// What became of it; and how many addresses were tried, for the message of an error.
struct dialed {
  tcp_stream connected;
  std::size_t tried = 0;
};

dialed dial_any(const std::vector<endpoint>& addresses, const dial_options& options, deadline until,
                std::error_code& ec) {
  ec.clear();
  detail::dial_race race(detail::in_dialing_order(addresses, options.local), options, until);
  detail::descriptor won = race.run(ec);
  return {ec ? tcp_stream() : tcp_stream(std::move(won)), race.tried()};
}

dialed dial_text(std::string_view address, const dial_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::dial");
  weft::detail::cancellation_point();
  const deadline until = limit_of(options);
  const std::vector<endpoint> addresses = detail::addresses_of(address, detail::purpose::dialing, until, ec);
  if (ec) return {};
  return dial_any(addresses, options, until, ec);
}

// " (3 addresses were tried)", " from 10.0.0.1:0".
std::string circumstances(const dial_options& options, std::size_t tried) {
  std::string told;
  if (options.local != endpoint()) told += " from " + options.local.to_string();
  if (tried > 1) told += " (" + std::to_string(tried) + " addresses were tried)";
  return told;
}

}  // namespace

tcp_stream dial(const endpoint& address, const dial_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::dial");
  weft::detail::cancellation_point();
  return dial_any({address}, options, limit_of(options), ec).connected;
}

tcp_stream dial(const endpoint& address, std::error_code& ec) { return dial(address, {}, ec); }

tcp_stream dial(const endpoint& address, const dial_options& options) {
  std::error_code ec;
  tcp_stream connected = dial(address, options, ec);
  if (ec) detail::throw_error(ec, "dial", address.to_string() + circumstances(options, 1));
  return connected;
}

tcp_stream dial(std::string_view address, const dial_options& options, std::error_code& ec) {
  return dial_text(address, options, ec).connected;
}

tcp_stream dial(std::string_view address, std::error_code& ec) { return dial(address, {}, ec); }

tcp_stream dial(std::string_view address, const dial_options& options) {
  std::error_code ec;
  dialed done = dial_text(address, options, ec);
  if (ec) detail::throw_address_error(ec, "dial", address, circumstances(options, done.tried));
  return std::move(done.connected);
}

}  // namespace weft::net
