// Room: netpoll. See udp_socket.hpp: several datagrams at once.

#include <weft/netpoll/udp_socket.hpp>

#include <algorithm>
#include <array>

#include "batch_calls.hpp"
#include "datagram_io.hpp"
#include "udp_segment_calls.hpp"
#include "udp_words.hpp"

namespace weft::net {

using detail::direction;
using detail::direction_use;

namespace {

std::size_t receive_some(direction_use& use, std::span<incoming_datagram> batch, std::error_code& ec) {
  const detail::batch_moved got =
      detail::receive_when_ready(use, ec, [&](int fd) { return detail::receive_batch(fd, batch); });
  if (got.drained) use.note_drained();
  return got.count;
}

std::size_t send_all(direction_use& use, bool is_v6, std::span<const outgoing_datagram> batch, std::error_code& ec) {
  std::size_t sent = 0;
  while (sent < batch.size()) {
    const auto send_rest = [&](int fd) { return detail::send_batch(fd, is_v6, batch.subspan(sent)); };
    sent += detail::send_when_ready(use, detail::k_udp_without_buffers, ec, send_rest).count;
    if (ec) break;
    if (sent < batch.size()) weft::detail::cancellation_point();  // each piece is an operation
  }
  return sent;
}

// Datagram by datagram what the kernel does not cut. Bytes sent.
std::size_t send_pieces(direction_use& use, bool is_v6, std::span<const std::byte> bytes, std::size_t segment_size,
                        const endpoint& to, std::error_code& ec) {
  std::array<outgoing_datagram, detail::k_most_in_batch> batch;
  std::size_t sent = 0;
  while (sent < bytes.size() && !ec) {
    std::size_t count = 0;
    for (std::size_t at = sent; at < bytes.size() && count < batch.size(); at += segment_size)
      batch[count++] = {bytes.subspan(at, std::min(segment_size, bytes.size() - at)), to};
    const std::size_t gone = send_all(use, is_v6, std::span(batch).first(count), ec);
    sent = std::min(bytes.size(), sent + gone * segment_size);
  }
  return sent;
}

}  // namespace

std::size_t udp_socket::receive_batch(std::span<incoming_datagram> batch, std::error_code& ec) {
  std::size_t received = 0;
  {
    direction_use use(socket(), direction::read, "udp_socket::receive_batch", detail::k_udp_receive);
    if (!(ec = use.error()) && !batch.empty()) received = receive_some(use, batch, ec);
  }
  detail::hear_out(ec);
  return received;
}

std::size_t udp_socket::receive_batch(std::span<incoming_datagram> batch) {
  return or_throw("receive_batch", [&](std::error_code& ec) { return receive_batch(batch, ec); });
}

std::size_t udp_socket::send_batch(std::span<const outgoing_datagram> batch, std::error_code& ec) {
  std::size_t sent = 0;
  {
    direction_use use(socket(), direction::write, "udp_socket::send_batch", detail::k_udp_send);
    if (!(ec = use.error())) sent = send_all(use, is_v6_, batch, ec);
  }
  detail::hear_out(ec);
  return sent;
}

std::size_t udp_socket::send_batch(std::span<const outgoing_datagram> batch) {
  return or_throw("send_batch", [&](std::error_code& ec) { return send_batch(batch, ec); });
}

namespace {

// One call's worth. What the kernel does not cut goes piece by piece.
std::size_t send_chunk(direction_use& use, bool is_v6, std::span<const std::byte> bytes, std::size_t segment_size,
                       const endpoint& to, std::error_code& ec) {
  if (bytes.size() > segment_size) {
    const detail::socket_address name = detail::name_for(to, is_v6);
    const bool is_named = to != endpoint();
    const detail::transferred put = detail::send_when_ready(use, detail::k_udp_without_buffers, ec, [&](int fd) {
      return detail::send_segments(fd, bytes, segment_size, is_named ? name.get() : nullptr, is_named ? name.size : 0);
    });
    if (!detail::is_unsegmented(ec)) return put.count;
    ec.clear();
  }
  return send_pieces(use, is_v6, bytes, segment_size, to, ec);
}

}  // namespace

std::size_t udp_socket::put_segments(std::span<const std::byte> bytes, std::size_t segment_size, const endpoint* to,
                                     std::error_code& ec) {
  std::size_t sent = 0;
  {
    direction_use use(socket(), direction::write, "udp_socket::send_segments", detail::k_udp_send);
    ec = use.error();
    if (!ec && segment_size == 0) ec = std::make_error_code(std::errc::invalid_argument);
    if (ec) return detail::hear_out(ec), 0;
    const std::size_t at_once =
        std::clamp<std::size_t>(detail::k_most_segmented_bytes / segment_size, 1, detail::k_most_segments);
    while (sent < bytes.size() && !ec) {
      if (sent != 0) weft::detail::cancellation_point();  // each piece is an operation
      const auto chunk = bytes.subspan(sent, std::min(at_once * segment_size, bytes.size() - sent));
      sent += send_chunk(use, is_v6_, chunk, segment_size, to != nullptr ? *to : endpoint(), ec);
    }
  }
  detail::hear_out(ec);
  return sent;
}

}  // namespace weft::net
