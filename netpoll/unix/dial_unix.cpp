// Room: netpoll. See dial_unix.hpp.

#include <weft/netpoll/dial_unix.hpp>

#include <algorithm>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/deadline.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/poller.hpp>

#include "direction_use.hpp"
#include "refusing_calls.hpp"
#include "shortage.hpp"
#include "unix_calls.hpp"

namespace weft::net {

namespace {

deadline limit_of(const dial_unix_options& options) noexcept {
  const deadline given = deadline::at(options.deadline);
  if (options.timeout == std::chrono::nanoseconds::zero()) return given;
  return std::min(given, deadline::after(weft::detail::now(), options.timeout));
}

// Nobody but the clock and a cancellation ends it: the socket is not anyone else's yet.
void pause(std::chrono::milliseconds length, deadline until) {
  const deadline over = std::min(until, deadline::after(weft::detail::now(), length));
  const weft::detail::wait_token token = weft::detail::arm(weft::detail::cancellation::honoured);
  if (weft::detail::park(token, over, "unix connect (backlog full)") == weft::detail::wake_reason::cancelled)
    weft::detail::throw_cancelled();
}

std::error_code connect_until(int fd, const detail::unix_address& to, deadline until) {
  detail::back_off pauses;
  for (;;) {
    if (!until.is_never() && until <= weft::detail::now()) return std::make_error_code(std::errc::timed_out);
    const std::error_code ec = detail::connect_unix(fd, to);
    if (ec != std::errc::resource_unavailable_try_again) return ec;
    pause(pauses.next(), until);
  }
}

}  // namespace

unix_stream dial_unix(std::string_view address, const dial_unix_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::dial_unix");
  weft::detail::cancellation_point();
  detail::unix_address to;
  if ((ec = detail::parse_unix_address(address, to))) return {};
  const detail::opened opened = detail::open_unix_socket(detail::unix_kind::stream);
  detail::unique_fd fd(opened.fd);
  const bool takes_bytes_alone = !opened.error && !options.takes_descriptors && detail::refuse_descriptors(fd.get());
  ec = opened.error ? opened.error : connect_until(fd.get(), to, limit_of(options));
  if (ec) {
    weft::detail::cancellation_point();  // "Ending together", cancellation.hpp
    return {};
  }
  return {detail::watch_descriptor(fd, true, ec), takes_bytes_alone};
}

unix_stream dial_unix(std::string_view address, std::error_code& ec) { return dial_unix(address, {}, ec); }

unix_stream dial_unix(std::string_view address, const dial_unix_options& options) {
  std::error_code ec;
  unix_stream connected = dial_unix(address, options, ec);
  if (ec) detail::throw_unix_error(ec, "dial_unix", address);
  return connected;
}

}  // namespace weft::net
