// Room: netpoll. See tcp_listener.hpp.

#include <weft/netpoll/tcp_listener.hpp>

#include <string>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/deadline.hpp>
#include <weft/runtime/poller.hpp>

#include "accepting.hpp"
#include "addresses.hpp"
#include "direction_use.hpp"
#include "socket_calls.hpp"
#include "unique_fd.hpp"

namespace weft::net {

using detail::socket_option;
using detail::unique_fd;

namespace {

constexpr detail::accept_words k_tcp_accept_words = {
    "tcp_listener::accept", "tcp accept", "tcp accept (out of descriptors)", "tcp accept (connections break)"};

std::error_code prepare(int fd, const endpoint& address, const listen_options& options) {
  if (options.reuse_address)
    if (auto ec = detail::set_option(fd, socket_option::reuse_address, true)) return ec;
  if (options.reuse_port)
    if (auto ec = detail::set_option(fd, socket_option::reuse_port, true)) return ec;
  if (address.is_v6())
    if (auto ec = detail::set_option(fd, socket_option::v6_only, options.v6_only || !address.is_unspecified()))
      return ec;
  // Inherited by every connection: it costs none of them a system call.
  if (auto ec = detail::set_option(fd, socket_option::no_delay, true)) return ec;
  if (auto ec = detail::bind_to(fd, address)) return ec;
  return detail::start_listening(fd, options.backlog);
}

tcp_listener listen_on(const endpoint& address, const listen_options& options, std::error_code& ec) {
  const detail::opened opened = detail::open_tcp_socket(address.is_v6());
  unique_fd fd(opened.fd);
  ec = opened.error ? opened.error : prepare(fd.get(), address, options);
  if (ec) return {};
  return tcp_listener(detail::watch_descriptor(fd, true, ec));
}

bool is_without_v6(const std::error_code& ec) noexcept {
  return ec == std::errc::address_family_not_supported || ec == std::errc::address_not_available;
}

}  // namespace

// --- tcp_listener.

tcp_stream tcp_listener::accept(std::error_code& ec) {
  unique_fd connection = detail::accept_next(descriptor_, k_tcp_accept_words, ec);
  if (ec) return {};
  return tcp_stream(detail::watch_descriptor(connection, true, ec, detail::if_short::watch_later));
}

tcp_stream tcp_listener::accept() {
  std::error_code ec;
  tcp_stream accepted = accept(ec);
  if (ec) detail::throw_error(ec, "tcp_listener::accept");
  return accepted;
}

void tcp_listener::set_deadline(time_limit t, std::error_code& ec) {
  ec = detail::set_deadline(descriptor_, detail::direction::read, t.until());
}

void tcp_listener::set_deadline(time_limit t) {
  std::error_code ec;
  set_deadline(t, ec);
  if (ec && ec != std::errc::bad_file_descriptor) detail::throw_error(ec, "tcp_listener::set_deadline");
}

void tcp_listener::close() noexcept { descriptor_.close(); }

void tcp_listener::close(std::error_code& ec) noexcept {
  ec = descriptor_.close() ? std::error_code() : std::make_error_code(std::errc::bad_file_descriptor);
}

endpoint tcp_listener::local_address(std::error_code& ec) const {
  const detail::descriptor_use use(descriptor_);
  if ((ec = use.error())) return {};
  return detail::address_of(use.fd(), ec);
}

endpoint tcp_listener::local_address() const {
  std::error_code ec;
  const endpoint address = local_address(ec);
  if (ec) detail::throw_error(ec, "tcp_listener::local_address");
  return address;
}

// --- listen.

tcp_listener listen(const endpoint& address, const listen_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::listen");
  tcp_listener listener = listen_on(address, options, ec);
  if (is_without_v6(ec) && address.is_v6() && address.is_unspecified() && !options.v6_only)
    return listen_on(endpoint::v4({}, address.port()), options, ec);
  return listener;
}

tcp_listener listen(const endpoint& address, std::error_code& ec) { return listen(address, {}, ec); }

tcp_listener listen(const endpoint& address, const listen_options& options) {
  std::error_code ec;
  tcp_listener listener = listen(address, options, ec);
  if (ec) detail::throw_error(ec, "listen", address.to_string());
  return listener;
}

tcp_listener listen(std::string_view address, const listen_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::listen");
  std::error_code first;
  for (const endpoint& each : detail::addresses_of(address, detail::purpose::listening, deadline::never(), first)) {
    tcp_listener listener = listen(each, options, ec);
    if (!ec) return listener;
    if (!first) first = ec;
  }
  ec = first;
  return {};
}

tcp_listener listen(std::string_view address, std::error_code& ec) { return listen(address, {}, ec); }

tcp_listener listen(std::string_view address, const listen_options& options) {
  std::error_code ec;
  tcp_listener listener = listen(address, options, ec);
  if (ec) detail::throw_address_error(ec, "listen", address);
  return listener;
}

}  // namespace weft::net
