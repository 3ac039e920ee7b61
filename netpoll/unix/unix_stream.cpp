// Room: netpoll. See unix_stream.hpp. Writing: socket_stream.cpp; descriptors that travel: descriptor_passing.cpp.

#include <weft/netpoll/unix_stream.hpp>

#include <algorithm>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/poller.hpp>

#include "direction_use.hpp"
#include "peer_calls.hpp"
#include "socket_calls.hpp"
#include "stream_io.hpp"
#include "stream_words.hpp"
#include "unix_calls.hpp"
#include "use_now.hpp"

namespace weft::net {

using detail::direction;
using detail::direction_use;

const detail::stream_words& unix_stream::words() noexcept {
  static constexpr detail::stream_words k_words = {"unix_stream",
                                                   "unix_stream::read_some",
                                                   "unix_stream::read_exactly",
                                                   "unix_stream::write_all",
                                                   "unix_stream::write_some",
                                                   "unix read",
                                                   "unix write",
                                                   "unix_stream::read_chunk"};
  return k_words;
}

unix_stream::unix_stream(detail::descriptor connected, bool takes_bytes_alone) noexcept
    : socket_stream(std::move(connected)) {
  if (is_open()) socket().block()->takes_bytes_alone = takes_bytes_alone;  // nobody else has the handle yet
}

// --- Reading.

namespace {

// Where no descriptor can come, a short read is proof by itself, and the cheaper call will do.
template <class Buffers>
detail::transferred receive_from(direction_use& use, int fd, Buffers into) noexcept {
  return use.block().takes_bytes_alone ? detail::receive(fd, into) : detail::receive_unix(fd, into);
}

}  // namespace

std::size_t unix_stream::read(std::span<std::byte> buffer, std::error_code& ec) {
  direction_use use(socket(), direction::read, words().read_some, words().reading);
  if ((ec = use.error()) || buffer.empty()) return 0;
  return detail::read_when_ready(use, ec, [&](int fd) { return receive_from(use, fd, buffer); });
}

std::size_t unix_stream::read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec) {
  direction_use use(socket(), direction::read, words().read_some, words().reading);
  const bool is_empty = std::all_of(buffers.begin(), buffers.end(), [](const auto& each) { return each.empty(); });
  if ((ec = use.error()) || is_empty) return 0;
  return detail::read_when_ready(use, ec, [&](int fd) { return receive_from(use, fd, buffers); });
}

chunk unix_stream::borrow(std::error_code& ec) {
  direction_use use(socket(), direction::read, words().read_chunk, words().reading);
  if ((ec = use.error())) return {};
  return detail::borrow_when_ready(use, ec,
                                   [&](int fd, std::span<std::byte> buffer) { return receive_from(use, fd, buffer); });
}

std::size_t unix_stream::fill(std::span<std::byte> buffer, std::error_code& ec) {
  direction_use use(socket(), direction::read, words().read_exactly, words().reading);
  if ((ec = use.error())) return 0;
  return detail::fill_when_ready(use, buffer, ec,
                                 [&](int fd, std::span<std::byte> rest) { return receive_from(use, fd, rest); });
}

// --- The pair.

std::pair<unix_stream, unix_stream> unix_stream::pair(std::error_code& ec) {
  weft::detail::require_poller("net::unix_stream::pair");
  detail::unique_fd first, second;
  if ((ec = detail::open_unix_pair(detail::unix_kind::stream, first, second))) return {};
  unix_stream one(detail::watch_descriptor(first, true, ec));
  if (ec) return {};
  unix_stream other(detail::watch_descriptor(second, true, ec));
  if (ec) return {};
  return {std::move(one), std::move(other)};
}

std::pair<unix_stream, unix_stream> unix_stream::pair() {
  return or_throw("pair", [](std::error_code& ec) { return pair(ec); });
}

// --- Who is at its ends.

net::peer_credentials unix_stream::peer_credentials(std::error_code& ec) const {
  const auto found = detail::use_now(socket(), ec, [&ec](int fd) { return detail::peer_identity_of(fd, ec); });
  return {found.process, found.user, found.group};
}

net::peer_credentials unix_stream::peer_credentials() const {
  return or_throw("peer_credentials", [&](std::error_code& ec) { return peer_credentials(ec); });
}

std::string unix_stream::local_address(std::error_code& ec) const {
  return detail::use_now(socket(), ec, [&ec](int fd) { return detail::text_of(detail::unix_address_of(fd, ec)); });
}

std::string unix_stream::local_address() const {
  return or_throw("local_address", [&](std::error_code& ec) { return local_address(ec); });
}

std::string unix_stream::remote_address(std::error_code& ec) const {
  return detail::use_now(socket(), ec, [&ec](int fd) { return detail::text_of(detail::unix_peer_address_of(fd, ec)); });
}

std::string unix_stream::remote_address() const {
  return or_throw("remote_address", [&](std::error_code& ec) { return remote_address(ec); });
}

}  // namespace weft::net
