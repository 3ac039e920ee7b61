// Room: netpoll. See pipe.hpp. A pipe is two lanes, and a stream has the reader's end of one and the writer's end of
// the other; what happens at once is told in byte_lane.cpp.

#include <weft/netpoll/pipe.hpp>

#include <string>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>

#include "byte_lane.hpp"
#include "closed.hpp"
#include "lane_use.hpp"

namespace weft::net {

using detail::byte_lane;
using detail::direction;
using detail::lane_use;

namespace {

constexpr const char* k_reading = "pipe read";
constexpr const char* k_writing = "pipe write";

template <class Buffers>
std::size_t size_of_all(const Buffers& buffers) noexcept {
  std::size_t size = 0;
  for (const auto& each : buffers) size += each.size();
  return size;
}

void drop(byte_lane* lane, direction end) noexcept {
  static_cast<void>(lane->close(end));
  lane->abandon();
}

struct ends {
  weft::detail::owned<byte_lane, detail::drop_reader> in;
  weft::detail::owned<byte_lane, detail::drop_writer> out;
};

ends make_lane(std::size_t size) {
  auto* const lane = new byte_lane(size);
  return {decltype(ends::in)(lane), decltype(ends::out)(lane)};
}

}  // namespace

void detail::drop_reader::operator()(byte_lane* lane) const noexcept { drop(lane, direction::read); }
void detail::drop_writer::operator()(byte_lane* lane) const noexcept { drop(lane, direction::write); }

void pipe_stream::fail(const std::error_code& ec, const char* call) {
  detail::throw_error(ec, (std::string("pipe_stream::") + call).c_str());
}

bool pipe_stream::is_open() const noexcept { return in_ != nullptr && in_->is_open(direction::read); }

// --- Reading.

std::size_t pipe_stream::read(std::span<std::byte> buffer, std::error_code& ec) {
  lane_use use(in_.get(), direction::read, k_reading);
  if ((ec = use.error()) || buffer.empty() || !use.await(buffer.size(), ec)) return 0;
  return use.read(buffer);
}

std::size_t pipe_stream::read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec) {
  lane_use use(in_.get(), direction::read, k_reading);
  const std::size_t size = size_of_all(buffers);
  if ((ec = use.error()) || size == 0 || !use.await(size, ec)) return 0;
  std::size_t done = 0;
  for (const auto& each : buffers) done += use.read(each);
  return done;
}

chunk pipe_stream::borrow(std::error_code& ec) {
  lane_use use(in_.get(), direction::read, k_reading);
  if ((ec = use.error()) || !use.await(chunk::max_size(), ec)) return {};
  return detail::read_into_chunk(ec, [&](std::span<std::byte> buffer) { return use.read(buffer); });
}

std::size_t pipe_stream::fill(std::span<std::byte> buffer, std::error_code& ec) {
  lane_use use(in_.get(), direction::read, k_reading);
  if ((ec = use.error())) return 0;
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    if (!use.await(buffer.size() - filled, ec)) {
      if (!ec) ec = errc::end_of_stream;
      break;
    }
    filled += use.read(buffer.subspan(filled));
    // Each piece is an operation: while the peer keeps up nothing else here is a switch point.
    if (filled < buffer.size()) weft::detail::cancellation_point();
  }
  return filled;
}

// --- Writing.

namespace {

// False: an error ends it. `written` counts on.
bool write_whole(lane_use& use, std::span<const std::byte> buffer, std::size_t& written, std::error_code& ec) {
  while (!buffer.empty() && use.await(buffer.size(), ec)) {
    const std::size_t n = use.write(buffer);
    written += n;
    buffer = buffer.subspan(n);
    if (!buffer.empty()) weft::detail::cancellation_point();  // as in fill
  }
  return !ec;
}

}  // namespace

std::size_t pipe_stream::write(std::span<const std::byte> buffer, std::error_code& ec) {
  lane_use use(out_.get(), direction::write, k_writing);
  std::size_t written = 0;
  if (!(ec = use.error())) static_cast<void>(write_whole(use, buffer, written, ec));
  return written;
}

std::size_t pipe_stream::write_each(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
  lane_use use(out_.get(), direction::write, k_writing);
  std::size_t written = 0;
  if ((ec = use.error())) return 0;
  for (const auto& each : buffers)
    if (!write_whole(use, each, written, ec)) break;
  return written;
}

std::size_t pipe_stream::write_part(std::span<const std::byte> buffer, std::error_code& ec) {
  lane_use use(out_.get(), direction::write, k_writing);
  if ((ec = use.error()) || buffer.empty() || !use.await(buffer.size(), ec)) return 0;
  return use.write(buffer);
}

std::size_t pipe_stream::write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
  lane_use use(out_.get(), direction::write, k_writing);
  const std::size_t size = size_of_all(buffers);
  if ((ec = use.error()) || size == 0 || !use.await(size, ec)) return 0;
  std::size_t done = 0;
  for (const auto& each : buffers) done += use.write(each);
  return done;
}

// --- Ending.

void pipe_stream::end_writing(std::error_code& ec) {
  ec = out_ != nullptr ? out_->end_writing() : detail::closed_before();
}

bool pipe_stream::close_now() noexcept {
  if (in_ == nullptr || !in_->close(direction::read)) return false;
  static_cast<void>(out_->close(direction::write));
  return true;
}

// --- Time.

void pipe_stream::move_read_deadline(deadline until, std::error_code& ec) {
  ec = in_ != nullptr ? in_->set_deadline(direction::read, until) : detail::closed_before();
}

void pipe_stream::move_write_deadline(deadline until, std::error_code& ec) {
  ec = out_ != nullptr ? out_->set_deadline(direction::write, until) : detail::closed_before();
}

// --- The pair.

std::pair<pipe_stream, pipe_stream> pipe(const pipe_options& options) {
  const std::size_t size = options.buffer_size != 0 ? options.buffer_size : pipe_options{}.buffer_size;
  ends there = make_lane(size);
  ends back = make_lane(size);
  return {pipe_stream(std::move(back.in), std::move(there.out)), pipe_stream(std::move(there.in), std::move(back.out))};
}

}  // namespace weft::net
