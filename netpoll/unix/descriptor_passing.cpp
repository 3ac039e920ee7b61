// Room: netpoll. See unix_stream.hpp: descriptors that travel with bytes.

#include <weft/netpoll/unix_stream.hpp>

#include <algorithm>
#include <array>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>

#include "direction_use.hpp"
#include "rights_calls.hpp"
#include "socket_calls.hpp"
#include "stream_io.hpp"

namespace weft::net {

using detail::direction;
using detail::direction_use;

namespace {

constexpr std::byte k_carrier[1] = {};  // a descriptor travels with a byte at least

std::error_code refusal(std::span<const int> descriptors, std::span<const std::byte> bytes) noexcept {
  const bool is_wrong = descriptors.empty() || descriptors.size() > detail::k_most_descriptors || bytes.empty();
  return is_wrong ? std::make_error_code(std::errc::invalid_argument) : std::error_code();
}

}  // namespace

std::size_t unix_stream::write_with(std::span<const int> descriptors, std::span<const std::byte> bytes,
                                    std::error_code& ec) {
  direction_use use(socket(), direction::write, "unix_stream::send_descriptors", "unix write");
  if ((ec = use.error()) || (ec = refusal(descriptors, bytes))) return 0;
  std::size_t written =
      detail::write_when_ready(use, ec, [&](int fd) { return detail::send_with_descriptors(fd, bytes, descriptors); });
  while (!ec && written < bytes.size()) {
    weft::detail::cancellation_point();  // each piece is an operation
    written += detail::write_when_ready(use, ec, [&](int fd) { return detail::send(fd, bytes.subspan(written)); });
  }
  return written;
}

received_descriptors unix_stream::read_with(std::span<std::byte> buffer, std::span<owned_descriptor> places,
                                            std::error_code& ec) {
  direction_use use(socket(), direction::read, "unix_stream::receive_descriptors", "unix read");
  if ((ec = use.error()) || buffer.empty()) return {};
  std::array<int, detail::k_most_descriptors> storage;
  const std::span<int> room = std::span(storage).first(std::min(places.size(), storage.size()));
  detail::received_with_descriptors got;
  received_descriptors received;
  received.count = detail::read_when_ready(use, ec, [&](int fd) {
    got = detail::receive_with_descriptors(fd, buffer, room);
    return got.bytes;
  });
  received.descriptors = got.descriptors;
  received.were_dropped = got.were_dropped;
  for (std::size_t i = 0; i < got.descriptors; ++i) places[i].reset(room[i]);
  return received;
}

std::size_t unix_stream::send_descriptors(std::span<const int> descriptors, std::span<const std::byte> bytes,
                                          std::error_code& ec) {
  const std::size_t written = write_with(descriptors, bytes, ec);
  if (ec) weft::detail::cancellation_point();  // "Ending together", cancellation.hpp
  return written;
}

void unix_stream::send_descriptors(std::span<const int> descriptors, std::span<const std::byte> bytes) {
  or_throw("send_descriptors", [&](std::error_code& ec) { send_descriptors(descriptors, bytes, ec); });
}

void unix_stream::send_descriptor(int descriptor, std::error_code& ec) {
  send_descriptors({&descriptor, 1}, k_carrier, ec);
}

void unix_stream::send_descriptor(int descriptor) {
  or_throw("send_descriptor", [&](std::error_code& ec) { send_descriptor(descriptor, ec); });
}

received_descriptors unix_stream::receive_descriptors(std::span<std::byte> buffer, std::span<owned_descriptor> places,
                                                      std::error_code& ec) {
  const received_descriptors received = read_with(buffer, places, ec);
  if (ec || received.count == 0) weft::detail::cancellation_point();  // as above
  return received;
}

received_descriptors unix_stream::receive_descriptors(std::span<std::byte> buffer, std::span<owned_descriptor> places) {
  return or_throw("receive_descriptors", [&](std::error_code& ec) { return receive_descriptors(buffer, places, ec); });
}

owned_descriptor unix_stream::receive_descriptor(std::error_code& ec) {
  std::byte carrier[1];
  owned_descriptor place;
  const received_descriptors received = receive_descriptors(carrier, {&place, 1}, ec);
  if (ec || received.descriptors != 0) return place;
  ec = received.count == 0     ? make_error_code(errc::end_of_stream)
       : received.were_dropped ? std::make_error_code(std::errc::too_many_files_open)
                               : std::make_error_code(std::errc::no_message);
  return place;
}

owned_descriptor unix_stream::receive_descriptor() {
  return or_throw("receive_descriptor", [&](std::error_code& ec) { return receive_descriptor(ec); });
}

}  // namespace weft::net
