// Room: netpoll. See descriptor_stream.hpp. What a call learns by not blocking is all that it learns: a short read does
// not prove that nothing is left (inotify gives whole events, a terminal a line), and others may read and write beside
// us. So each wait begins with a call that would block.

#include <weft/netpoll/descriptor_stream.hpp>

#include <algorithm>
#include <string>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/deadline.hpp>
#include <weft/runtime/poller.hpp>

#include "descriptor_calls.hpp"
#include "direction_use.hpp"
#include "stream_io.hpp"
#include "unique_fd.hpp"
#include "use_now.hpp"

namespace weft::net {

using detail::direction;
using detail::direction_use;
using detail::transferred;
using detail::try_by;
using detail::unique_fd;

namespace {

std::uint8_t& tried_by(const direction_use& use, direction d) noexcept {
  return use.block().trying[static_cast<std::size_t>(d)];
}

// What `call` learns about how to try is kept for the next one.
template <class Call>
transferred try_now(const direction_use& use, direction d, Call call) noexcept {
  auto how = static_cast<try_by>(tried_by(use, d));
  const transferred result = call(how);
  tried_by(use, d) = static_cast<std::uint8_t>(how);
  return result;
}

std::size_t read_once(direction_use& use, std::span<const std::span<std::byte>> buffers, std::error_code& ec) {
  return read_when_ready(use, ec, [&](int fd) {
    transferred got = try_now(use, direction::read, [&](try_by& how) { return read_now(fd, buffers, how); });
    got.drained = false;
    return got;
  });
}

std::size_t write_once(direction_use& use, std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
  return write_when_ready(use, ec, [&](int fd) {
    return try_now(use, direction::write, [&](try_by& how) { return write_now(fd, buffers, how); });
  });
}

template <class Buffers>
bool has_no_room(const Buffers& buffers) noexcept {
  return std::all_of(buffers.begin(), buffers.end(), [](const auto& each) { return each.empty(); });
}

detail::descriptor watch_as_it_is(unique_fd& fd, std::error_code& ec) {
  const auto kind = detail::kind_of(fd.get(), ec);
  if (!ec && kind == detail::descriptor_kind::storage) ec = errc::not_a_stream;
  if (ec) return {};
  detail::descriptor watched = detail::watch_shared_descriptor(fd, ec);
  if (ec) return {};
  const auto how = kind == detail::descriptor_kind::socket ? try_by::message : try_by::flag;
  std::fill_n(watched.block()->trying, 2, static_cast<std::uint8_t>(how));  // nobody else has the handle yet
  return watched;
}

}  // namespace

// --- Making.

descriptor_stream descriptor_stream::adopt(int fd, std::error_code& ec) {
  weft::detail::require_poller("descriptor_stream::adopt");
  unique_fd taken(fd);
  descriptor_stream stream(watch_as_it_is(taken, ec));
  taken.release();
  return stream;
}

descriptor_stream descriptor_stream::borrow(int fd, std::error_code& ec) {
  weft::detail::require_poller("descriptor_stream::borrow");
  const detail::opened copy = detail::duplicate(fd);
  if ((ec = copy.error)) return {};
  unique_fd taken(copy.fd);
  return descriptor_stream(watch_as_it_is(taken, ec));
}

descriptor_stream descriptor_stream::adopt(int fd) {
  std::error_code ec;
  auto stream = adopt(fd, ec);
  if (ec) detail::throw_error(ec, "descriptor_stream::adopt", "descriptor " + std::to_string(fd));
  return stream;
}

descriptor_stream descriptor_stream::borrow(int fd) {
  std::error_code ec;
  auto stream = borrow(fd, ec);
  if (ec) detail::throw_error(ec, "descriptor_stream::borrow", "descriptor " + std::to_string(fd));
  return stream;
}

// --- Reading.

std::size_t descriptor_stream::read(std::span<std::byte> buffer, std::error_code& ec) {
  return read_into({&buffer, 1}, ec);
}

std::size_t descriptor_stream::read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec) {
  direction_use use(descriptor_, direction::read, "descriptor_stream::read_some", "descriptor read");
  if ((ec = use.error()) || has_no_room(buffers)) return 0;
  return read_once(use, buffers, ec);
}

std::size_t descriptor_stream::fill(std::span<std::byte> buffer, std::error_code& ec) {
  direction_use use(descriptor_, direction::read, "descriptor_stream::read_exactly", "descriptor read");
  if ((ec = use.error())) return 0;
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const std::span<std::byte> rest = buffer.subspan(filled);
    const std::size_t n = read_once(use, {&rest, 1}, ec);
    if (n == 0 && !ec) ec = errc::end_of_stream;
    if (ec) break;
    filled += n;
    // Each piece is an operation: while there is more nothing else here is a switch point.
    if (filled < buffer.size()) weft::detail::cancellation_point();
  }
  return filled;
}

// --- Writing.

std::size_t descriptor_stream::write(std::span<const std::byte> buffer, std::error_code& ec) {
  direction_use use(descriptor_, direction::write, "descriptor_stream::write_all", "descriptor write");
  if ((ec = use.error())) return 0;
  std::size_t written = 0;
  while (written < buffer.size()) {
    const std::span<const std::byte> rest = buffer.subspan(written);
    const std::size_t n = write_once(use, {&rest, 1}, ec);
    if (ec) break;
    written += n;
    if (written < buffer.size()) weft::detail::cancellation_point();  // as in fill
  }
  return written;
}

std::size_t descriptor_stream::write_part(std::span<const std::byte> buffer, std::error_code& ec) {
  return write_from({&buffer, 1}, ec);
}

std::size_t descriptor_stream::write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
  direction_use use(descriptor_, direction::write, "descriptor_stream::write_some", "descriptor write");
  if ((ec = use.error()) || has_no_room(buffers)) return 0;
  return write_once(use, buffers, ec);
}

// --- Ending, time, errors.

void descriptor_stream::end_writing(std::error_code& ec) {
  bool is_all = false;
  const std::error_code outcome = detail::use_now(descriptor_, ec, [&](int fd) {
    is_all = detail::is_for_writing_alone(fd);
    return is_all ? std::error_code() : detail::end_writing_of(fd);
  });
  if (ec) return;
  ec = outcome;
  if (is_all) descriptor_.close();
}

void descriptor_stream::move_read_deadline(deadline until, std::error_code& ec) noexcept {
  ec = detail::set_deadline(descriptor_, direction::read, until);
}

void descriptor_stream::move_write_deadline(deadline until, std::error_code& ec) noexcept {
  ec = detail::set_deadline(descriptor_, direction::write, until);
}

void descriptor_stream::fail(const std::error_code& ec, const char* call) {
  detail::throw_error(ec, (std::string("descriptor_stream::") + call).c_str());
}

}  // namespace weft::net
