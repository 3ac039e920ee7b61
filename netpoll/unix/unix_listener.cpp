// Room: netpoll. See unix_listener.hpp.

#include <weft/netpoll/unix_listener.hpp>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/poller.hpp>

#include "accepting.hpp"
#include "binding.hpp"
#include "bound_path.hpp"
#include "direction_use.hpp"
#include "refusing_calls.hpp"
#include "socket_calls.hpp"
#include "unix_calls.hpp"
#include "use_now.hpp"

namespace weft::net {

namespace {

constexpr detail::accept_words k_unix_accept_words = {
    "unix_listener::accept", "unix accept", "unix accept (out of descriptors)", "unix accept (connections break)"};

}  // namespace

// --- unix_listener.

unix_listener& unix_listener::operator=(unix_listener&& other) noexcept {
  if (this == &other) return *this;
  close();
  path_ = std::move(other.path_);
  descriptor_ = std::move(other.descriptor_);
  takes_bytes_alone_ = other.takes_bytes_alone_;
  return *this;
}

unix_stream unix_listener::accept(std::error_code& ec) {
  detail::unique_fd connection = detail::accept_next(descriptor_, k_unix_accept_words, ec);
  if (ec) return {};
  return {detail::watch_descriptor(connection, true, ec, detail::if_short::watch_later), takes_bytes_alone_};
}

unix_stream unix_listener::accept() {
  std::error_code ec;
  unix_stream accepted = accept(ec);
  if (ec) detail::throw_error(ec, "unix_listener::accept");
  return accepted;
}

void unix_listener::set_deadline(time_limit t, std::error_code& ec) {
  ec = detail::set_deadline(descriptor_, detail::direction::read, t.until());
}

void unix_listener::set_deadline(time_limit t) {
  std::error_code ec;
  set_deadline(t, ec);
  if (ec && ec != std::errc::bad_file_descriptor) detail::throw_error(ec, "unix_listener::set_deadline");
}

void unix_listener::close() noexcept { detail::close_bound(path_, descriptor_); }

void unix_listener::close(std::error_code& ec) noexcept {
  const bool is_first = detail::close_bound(path_, descriptor_);
  ec = is_first ? std::error_code() : std::make_error_code(std::errc::bad_file_descriptor);
}

std::string unix_listener::local_address(std::error_code& ec) const {
  return detail::use_now(descriptor_, ec, [&ec](int fd) { return detail::text_of(detail::unix_address_of(fd, ec)); });
}

std::string unix_listener::local_address() const {
  std::error_code ec;
  std::string address = local_address(ec);
  if (ec) detail::throw_error(ec, "unix_listener::local_address");
  return address;
}

// --- listen_unix.

unix_listener listen_unix(std::string_view address, const listen_unix_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::listen_unix");
  weft::detail::cancellation_point();
  detail::unix_address to;
  if ((ec = detail::parse_unix_address(address, to))) return {};
  const detail::opened opened = detail::open_unix_socket(detail::unix_kind::stream);
  detail::unique_fd fd(opened.fd);
  if ((ec = opened.error)) return {};
  detail::bound bound;
  const detail::path_rules rules{.mode = options.mode, .replace_stale = options.replace_stale};
  if ((ec = detail::bind_to(fd.get(), detail::unix_kind::stream, to, rules, bound))) return {};
  const bool takes_bytes_alone = !options.takes_descriptors && detail::refuse_descriptors(fd.get());
  ec = detail::start_listening(fd.get(), options.backlog);  // "Replacing", R6
  unix_listener listener(ec ? detail::descriptor() : detail::watch_descriptor(fd, true, ec),
                         detail::own_path(to, bound.made, options.remove_on_close || ec), takes_bytes_alone);
  return ec ? unix_listener() : std::move(listener);
}

unix_listener listen_unix(std::string_view address, std::error_code& ec) { return listen_unix(address, {}, ec); }

unix_listener listen_unix(std::string_view address, const listen_unix_options& options) {
  std::error_code ec;
  unix_listener listener = listen_unix(address, options, ec);
  if (ec) detail::throw_unix_error(ec, "listen_unix", address);
  return listener;
}

}  // namespace weft::net
