// Room: netpoll. See unix_datagram.hpp: receiving and sending. How it is opened: unix_datagram_opening.cpp.

#include <weft/netpoll/unix_datagram.hpp>

#include "bound_path.hpp"
#include "datagram_io.hpp"
#include "unix_calls.hpp"
#include "use_now.hpp"

namespace weft::net {

using detail::direction;
using detail::direction_use;

namespace {

constexpr weft::detail::wait_label k_unix_without_buffers = "unix datagram send (no buffers)";

detail::arrived receive_from_unix(int fd, std::span<std::byte> buffer, std::string* from) {
  if (from == nullptr) return detail::receive_datagram(fd, buffer, nullptr, nullptr);
  detail::unix_address name;
  const detail::arrived got = detail::receive_datagram(fd, buffer, name.get(), &name.size);
  if (!got.error && !got.would_block) *from = detail::text_of(name);
  return got;
}

// Nobody tells who is not connected when a receiver has room again: it may be our own queue that is full, and it may be
// the receiver's. So both are asked again, after pauses.
std::error_code send_to_any(direction_use& use, std::span<const std::byte> bytes, const detail::unix_address& to) {
  detail::back_off pauses;
  for (;;) {
    if (auto ec = use.await_ready()) return ec;
    const detail::transferred put = detail::send_datagram(use.fd(), bytes, to.get(), to.size);
    if (!put.would_block && !detail::is_out_of_buffers(put.error)) return put.error;
    const auto label = put.would_block ? "unix datagram send (the receiver is full)" : k_unix_without_buffers;
    if (auto ec = use.pause(pauses.next(), label)) return ec;
  }
}

std::error_code send_to_peer(direction_use& use, std::span<const std::byte> bytes) {
  std::error_code ec;
  detail::send_when_ready(use, k_unix_without_buffers, ec,
                          [&](int fd) { return detail::send_datagram(fd, bytes, nullptr, 0); });
  return ec;
}

}  // namespace

received_datagram unix_datagram::take(std::span<std::byte> buffer, std::string* from, std::error_code& ec) {
  detail::arrived got;
  {
    direction_use use(socket(), direction::read, "unix_datagram::receive", "unix datagram receive");
    if (!(ec = use.error()))
      got = detail::receive_when_ready(use, ec, [&](int fd) { return receive_from_unix(fd, buffer, from); });
  }
  detail::hear_out(ec);
  return got.datagram;
}

void unix_datagram::put(std::span<const std::byte> bytes, const std::string_view* to, std::error_code& ec) {
  detail::unix_address name;
  const std::error_code refused = to != nullptr ? detail::parse_unix_address(*to, name) : std::error_code();
  {
    direction_use use(socket(), direction::write, "unix_datagram::send", "unix datagram send");
    if (!(ec = use.error()) && !(ec = refused))
      ec = to != nullptr ? send_to_any(use, bytes, name) : send_to_peer(use, bytes);
  }
  detail::hear_out(ec);
}

bool unix_datagram::close_now() noexcept { return detail::close_bound(path_, socket()); }

unix_datagram& unix_datagram::operator=(unix_datagram&& other) noexcept {
  if (this == &other) return *this;
  close();
  datagram_socket::operator=(std::move(other));
  path_ = std::move(other.path_);
  return *this;
}

std::string unix_datagram::local_address(std::error_code& ec) const {
  return detail::use_now(socket(), ec, [&ec](int fd) { return detail::text_of(detail::unix_address_of(fd, ec)); });
}

std::string unix_datagram::local_address() const {
  return or_throw("local_address", [&](std::error_code& ec) { return local_address(ec); });
}

std::string unix_datagram::remote_address(std::error_code& ec) const {
  return detail::use_now(socket(), ec, [&ec](int fd) { return detail::text_of(detail::unix_peer_address_of(fd, ec)); });
}

std::string unix_datagram::remote_address() const {
  return or_throw("remote_address", [&](std::error_code& ec) { return remote_address(ec); });
}

}  // namespace weft::net
