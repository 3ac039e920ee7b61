// Room: netpoll. See tcp_stream.hpp.

#include <weft/netpoll/tcp_stream.hpp>

#include <algorithm>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/deadline.hpp>

#include "direction_use.hpp"
#include "stream_io.hpp"
#include "syscalls.hpp"
#include "use_now.hpp"

namespace weft::net {

using detail::direction;
using detail::direction_use;

namespace {

template <class Buffers>
bool is_empty(const Buffers& buffers) noexcept {
  return std::all_of(buffers.begin(), buffers.end(), [](const auto& each) { return each.empty(); });
}

}  // namespace

void tcp_stream::fail(const std::error_code& ec, const char* call) {
  detail::throw_error(ec, (std::string("tcp_stream::") + call).c_str());
}

// --- Reading.

std::size_t tcp_stream::read(std::span<std::byte> buffer, std::error_code& ec) {
  direction_use use(descriptor_, direction::read, "tcp_stream::read_some", "tcp read");
  if ((ec = use.error()) || buffer.empty()) return 0;
  return detail::read_when_ready(use, ec, [&](int fd) { return detail::receive(fd, buffer); });
}

std::size_t tcp_stream::read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec) {
  direction_use use(descriptor_, direction::read, "tcp_stream::read_some", "tcp read");
  if ((ec = use.error()) || is_empty(buffers)) return 0;
  return detail::read_when_ready(use, ec, [&](int fd) { return detail::receive(fd, buffers); });
}

std::size_t tcp_stream::fill(std::span<std::byte> buffer, std::error_code& ec) {
  direction_use use(descriptor_, direction::read, "tcp_stream::read_exactly", "tcp read");
  if ((ec = use.error())) return 0;
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const std::size_t n =
        detail::read_when_ready(use, ec, [&](int fd) { return detail::receive(fd, buffer.subspan(filled)); });
    if (n == 0 && !ec) ec = errc::end_of_stream;
    if (ec) break;
    filled += n;
    // Each piece is an operation: while the peer keeps up nothing else here is a switch point.
    if (filled < buffer.size()) weft::detail::cancellation_point();
  }
  return filled;
}

// --- Writing.

std::size_t tcp_stream::write(std::span<const std::byte> buffer, std::error_code& ec) {
  direction_use use(descriptor_, direction::write, "tcp_stream::write_all", "tcp write");
  if ((ec = use.error())) return 0;
  std::size_t written = 0;
  while (written < buffer.size()) {
    const std::size_t n =
        detail::write_when_ready(use, ec, [&](int fd) { return detail::send(fd, buffer.subspan(written)); });
    if (ec) break;
    written += n;
    if (written < buffer.size()) weft::detail::cancellation_point();  // as in fill
  }
  return written;
}

std::size_t tcp_stream::write_part(std::span<const std::byte> buffer, std::error_code& ec) {
  direction_use use(descriptor_, direction::write, "tcp_stream::write_some", "tcp write");
  if ((ec = use.error()) || buffer.empty()) return 0;
  return detail::write_when_ready(use, ec, [&](int fd) { return detail::send(fd, buffer); });
}

std::size_t tcp_stream::write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
  direction_use use(descriptor_, direction::write, "tcp_stream::write_some", "tcp write");
  if ((ec = use.error()) || is_empty(buffers)) return 0;
  return detail::write_when_ready(use, ec, [&](int fd) { return detail::send(fd, buffers); });
}

// --- Ending.

void tcp_stream::end_writing(std::error_code& ec) {
  std::error_code outcome = detail::use_now(descriptor_, ec, [](int fd) { return detail::shut_down_writing(fd); });
  if (!ec) ec = outcome;
}

// --- Time.

void tcp_stream::move_read_deadline(deadline until, std::error_code& ec) {
  ec = detail::set_deadline(descriptor_, direction::read, until);
}

void tcp_stream::move_write_deadline(deadline until, std::error_code& ec) {
  ec = detail::set_deadline(descriptor_, direction::write, until);
}

// --- Who is at its ends. The settings: tcp_settings.cpp.

endpoint tcp_stream::local_address(std::error_code& ec) const {
  return detail::use_now(descriptor_, ec, [&ec](int fd) { return detail::address_of(fd, ec); });
}

endpoint tcp_stream::local_address() const {
  return or_throw("local_address", [&](std::error_code& ec) { return local_address(ec); });
}

endpoint tcp_stream::remote_address(std::error_code& ec) const {
  return detail::use_now(descriptor_, ec, [&ec](int fd) { return detail::peer_address_of(fd, ec); });
}

endpoint tcp_stream::remote_address() const {
  return or_throw("remote_address", [&](std::error_code& ec) { return remote_address(ec); });
}

}  // namespace weft::net
