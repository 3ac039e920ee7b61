// Room: netpoll. See detail/socket_stream.hpp.

#include <weft/netpoll/detail/socket_stream.hpp>

#include <algorithm>
#include <string>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/deadline.hpp>

#include "direction_use.hpp"
#include "socket_calls.hpp"
#include "remaining_buffers.hpp"
#include "stream_io.hpp"
#include "stream_words.hpp"
#include "use_now.hpp"

namespace weft::net::detail {

namespace {

template <class Buffers>
bool is_empty(const Buffers& buffers) noexcept {
  return std::all_of(buffers.begin(), buffers.end(), [](const auto& each) { return each.empty(); });
}

}  // namespace

// --- Reading.

std::size_t read_socket(const descriptor& of, const stream_words& words, std::span<std::byte> buffer,
                        std::error_code& ec) {
  direction_use use(of, direction::read, words.read_some, words.reading);
  if ((ec = use.error()) || buffer.empty()) return 0;
  return read_when_ready(use, ec, [&](int fd) { return receive(fd, buffer); });
}

std::size_t read_socket(const descriptor& of, const stream_words& words, std::span<const std::span<std::byte>> buffers,
                        std::error_code& ec) {
  direction_use use(of, direction::read, words.read_some, words.reading);
  if ((ec = use.error()) || is_empty(buffers)) return 0;
  return read_when_ready(use, ec, [&](int fd) { return receive(fd, buffers); });
}

chunk borrow_from_socket(const descriptor& of, const stream_words& words, std::error_code& ec) {
  direction_use use(of, direction::read, words.read_chunk, words.reading);
  if ((ec = use.error())) return {};
  return borrow_when_ready(use, ec, [](int fd, std::span<std::byte> buffer) { return receive(fd, buffer); });
}

std::size_t fill_from_socket(const descriptor& of, const stream_words& words, std::span<std::byte> buffer,
                             std::error_code& ec) {
  direction_use use(of, direction::read, words.read_exactly, words.reading);
  if ((ec = use.error())) return 0;
  return fill_when_ready(use, buffer, ec, [](int fd, std::span<std::byte> rest) { return receive(fd, rest); });
}

// --- Writing.

std::size_t write_all_to_socket(const descriptor& of, const stream_words& words, std::span<const std::byte> buffer,
                                std::error_code& ec) {
  direction_use use(of, direction::write, words.write_all, words.writing);
  if ((ec = use.error())) return 0;
  std::size_t written = 0;
  while (written < buffer.size()) {
    const std::size_t n = write_when_ready(use, ec, [&](int fd) { return send(fd, buffer.subspan(written)); });
    if (ec) break;
    written += n;
    if (written < buffer.size()) weft::detail::cancellation_point();  // as in fill
  }
  return written;
}

std::size_t write_all_to_socket(const descriptor& of, const stream_words& words,
                                std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
  direction_use use(of, direction::write, words.write_all, words.writing);
  if ((ec = use.error())) return 0;
  std::size_t written = 0;
  for (remaining_buffers left(buffers); !left.empty();) {
    const auto next = left.next();
    const std::size_t n = write_when_ready(use, ec, [&](int fd) { return send(fd, next); });
    if (ec) break;
    written += n;
    left.advance(n);
    if (!left.empty()) weft::detail::cancellation_point();  // as in fill
  }
  return written;
}

std::size_t write_socket(const descriptor& of, const stream_words& words, std::span<const std::byte> buffer,
                         std::error_code& ec) {
  direction_use use(of, direction::write, words.write_some, words.writing);
  if ((ec = use.error()) || buffer.empty()) return 0;
  return write_when_ready(use, ec, [&](int fd) { return send(fd, buffer); });
}

std::size_t write_socket(const descriptor& of, const stream_words& words,
                         std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
  direction_use use(of, direction::write, words.write_some, words.writing);
  if ((ec = use.error()) || is_empty(buffers)) return 0;
  return write_when_ready(use, ec, [&](int fd) { return send(fd, buffers); });
}

// --- Ending.

void end_socket_writing(const descriptor& of, std::error_code& ec) {
  std::error_code outcome = use_now(of, ec, [](int fd) { return shut_down_writing(fd); });
  if (!ec) ec = outcome;
}

// --- Time.

void move_socket_read_deadline(const descriptor& of, deadline until, std::error_code& ec) noexcept {
  ec = set_deadline(of, direction::read, until);
}

void move_socket_write_deadline(const descriptor& of, deadline until, std::error_code& ec) noexcept {
  ec = set_deadline(of, direction::write, until);
}

// --- Errors.

void fail_stream(const stream_words& words, const std::error_code& ec, const char* call) {
  throw_error(ec, (std::string(words.type) + "::" + call).c_str());
}

}  // namespace weft::net::detail
