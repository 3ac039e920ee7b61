// Room: netpoll. See unix_datagram.hpp: bind, connect, open and pair.

#include <weft/netpoll/unix_datagram.hpp>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/poller.hpp>

#include "binding.hpp"
#include "bound_path.hpp"
#include "direction_use.hpp"
#include "unix_calls.hpp"

namespace weft::net {

using detail::unix_address;
using detail::unix_kind;

namespace {

// A socket, with the address in `local` if there is one.
unix_datagram open_bound(const unix_address* local, const unix_datagram_options& options, std::error_code& ec) {
  const detail::opened opened = detail::open_unix_socket(unix_kind::datagram);
  detail::unique_fd fd(opened.fd);
  if ((ec = opened.error)) return {};
  detail::bound bound;
  const detail::path_rules rules{.mode = options.mode, .replace_stale = options.replace_stale};
  if (local != nullptr && (ec = detail::bind_to(fd.get(), unix_kind::datagram, *local, rules, bound))) return {};
  detail::owned_path path;
  if (local != nullptr) path = detail::own_path(*local, bound.made, options.remove_on_close);
  detail::descriptor watched = detail::watch_descriptor(fd, true, ec);
  return {std::move(watched), std::move(path)};
}

unix_datagram whole(unix_datagram opened, const std::error_code& ec) {
  return ec ? unix_datagram() : std::move(opened);
}

}  // namespace

// --- bind.

unix_datagram unix_datagram::bind(std::string_view address, const unix_datagram_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::unix_datagram::bind");
  weft::detail::cancellation_point();
  unix_address local;
  if ((ec = detail::parse_unix_address(address, local))) return {};
  return whole(open_bound(&local, options, ec), ec);
}

unix_datagram unix_datagram::bind(std::string_view address, std::error_code& ec) { return bind(address, {}, ec); }

unix_datagram unix_datagram::bind(std::string_view address, const unix_datagram_options& options) {
  std::error_code ec;
  unix_datagram bound = bind(address, options, ec);
  if (ec) detail::throw_unix_error(ec, "unix_datagram::bind", address);
  return bound;
}

// --- connect.

unix_datagram unix_datagram::connect(std::string_view address, const unix_datagram_options& options,
                                     std::error_code& ec) {
  weft::detail::require_poller("net::unix_datagram::connect");
  weft::detail::cancellation_point();
  unix_address to, local;
  if ((ec = detail::parse_unix_address(address, to))) return {};
  if (!options.local.empty() && (ec = detail::parse_unix_address(options.local, local))) return {};
  unix_datagram opened = open_bound(options.local.empty() ? nullptr : &local, options, ec);
  if (!ec) ec = detail::connect_unix(opened.native_handle(), to);
  return whole(std::move(opened), ec);
}

unix_datagram unix_datagram::connect(std::string_view address, std::error_code& ec) { return connect(address, {}, ec); }

unix_datagram unix_datagram::connect(std::string_view address, const unix_datagram_options& options) {
  std::error_code ec;
  unix_datagram connected = connect(address, options, ec);
  if (ec) detail::throw_unix_error(ec, "unix_datagram::connect", address);
  return connected;
}

// --- open and pair.

unix_datagram unix_datagram::open(std::error_code& ec) {
  weft::detail::require_poller("net::unix_datagram::open");
  return whole(open_bound(nullptr, {}, ec), ec);
}

unix_datagram unix_datagram::open() {
  return or_throw("open", [](std::error_code& ec) { return open(ec); });
}

std::pair<unix_datagram, unix_datagram> unix_datagram::pair(std::error_code& ec) {
  weft::detail::require_poller("net::unix_datagram::pair");
  detail::unique_fd first, second;
  if ((ec = detail::open_unix_pair(unix_kind::datagram, first, second))) return {};
  unix_datagram one(detail::watch_descriptor(first, true, ec), {});
  if (ec) return {};
  unix_datagram other(detail::watch_descriptor(second, true, ec), {});
  if (ec) return {};
  return {std::move(one), std::move(other)};
}

std::pair<unix_datagram, unix_datagram> unix_datagram::pair() {
  return or_throw("pair", [](std::error_code& ec) { return pair(ec); });
}

}  // namespace weft::net
