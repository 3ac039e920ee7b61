// Room: netpoll. See file.hpp. A file is a descriptor that nobody watches: its block counts the calls that are in it,
// so that its number is not used again under them.

#include <weft/netpoll/file.hpp>

#include <algorithm>
#include <limits>
#include <utility>

#include <fcntl.h>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/brief_call.hpp>

#include "direction_use.hpp"
#include "file_calls.hpp"
#include "unique_fd.hpp"
#include "use_now.hpp"

namespace weft::net {

using detail::transferred;

namespace {

constexpr bool has(open_flags all, open_flags one) noexcept {
  return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0;
}

// -1: neither to be read nor to be written, or a bit that means nothing.
int system_flags(open_flags flags) noexcept {
  constexpr auto k_all = static_cast<unsigned>(open_flags::truncate) * 2 - 1;
  if (!has(flags, open_flags::read_write) || static_cast<unsigned>(flags) > k_all) return -1;
  const bool reads = has(flags, open_flags::read_only);
  int system = !has(flags, open_flags::write_only) ? O_RDONLY : reads ? O_RDWR : O_WRONLY;
  if (has(flags, open_flags::append)) system |= O_APPEND;
  if (has(flags, open_flags::create)) system |= O_CREAT;
  if (has(flags, open_flags::exclusive)) system |= O_EXCL;
  if (has(flags, open_flags::truncate)) system |= O_TRUNC;
  return system;
}

// The system's positions are signed.
bool is_position(std::uint64_t position) noexcept {
  return position <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

// What the clock cannot count to (a disk may know of the year 2300) is its last point, or its first.
std::chrono::system_clock::time_point point_of(std::int64_t seconds, std::int64_t nanoseconds) noexcept {
  using point = std::chrono::system_clock::time_point;
  constexpr std::int64_t k_most = std::chrono::duration_cast<std::chrono::seconds>(point::duration::max()).count();
  if (seconds >= k_most) return point::max();
  if (seconds <= -k_most) return point::min();
  const auto part = std::chrono::duration_cast<point::duration>(std::chrono::nanoseconds(nanoseconds));
  return point(std::chrono::seconds(seconds) + part);
}

// `pass(rest, how far)` moves some of it: until all is moved, the file ends, or there is an error.
template <class Bytes, class Pass>
std::size_t move_all(Bytes bytes, std::error_code& ec, Pass pass) {
  std::size_t moved = 0;
  while (moved < bytes.size()) {
    const transferred step = pass(bytes.subspan(moved), static_cast<std::int64_t>(moved));
    ec = step.error;
    if (ec || step.count == 0) break;
    moved += step.count;
  }
  return moved;
}

// What the cache has, on this thread. `is_all`: the buffer is full, or the file ends there.
std::size_t read_from_cache(int fd, std::span<std::byte> buffer, std::int64_t position, bool& is_all) {
  std::size_t filled = 0;
  while (!is_all && filled < buffer.size()) {
    const transferred got =
        detail::read_cached(fd, buffer.subspan(filled), position + static_cast<std::int64_t>(filled));
    if (got.would_block || got.error) break;  // an error is met again, where it is told
    is_all = got.count == 0;
    filled += got.count;
  }
  is_all = is_all || filled == buffer.size();
  return filled;
}

// For calls that may wait: whoever is asked to end hears of it first. `call` runs on a helper thread.
template <class Call>
auto use_blocking(const detail::descriptor& of, std::error_code& ec, Call call) {
  weft::detail::cancellation_point();
  return detail::use_now(of, ec, [&](int fd) { return weft::blocking([&] { return call(fd); }); });
}

// What is brief, on this thread, which says that it may be in the kernel for longer. Only in files: what has no places
// (a FIFO, a terminal) may have no room for as long as it likes.
template <class Pass>
bool is_written_in_place(int fd, std::span<const std::byte> data, std::error_code& ec, std::size_t& moved, Pass pass) {
  std::error_code no_places;
  if (data.size() > weft::detail::k_most_brief_bytes ||
      (static_cast<void>(detail::position_of(fd, no_places)), no_places))
    return false;
  const weft::detail::brief_call here;
  if (here) moved = move_all(data, ec, pass);
  return static_cast<bool>(here);
}

// `pass` as move_all's, with the descriptor ahead.
template <class Pass>
std::size_t write_by(const detail::descriptor& of, std::span<const std::byte> data, std::error_code& ec, Pass pass) {
  weft::detail::cancellation_point();
  return detail::use_now(of, ec, [&](int fd) {
    const auto pass_there = [&](std::span<const std::byte> rest, std::int64_t further) {
      return pass(fd, rest, further);
    };
    std::size_t moved = 0;
    if (is_written_in_place(fd, data, ec, moved, pass_there)) return moved;
    return weft::blocking([&] { return move_all(data, ec, pass_there); });
  });
}

}  // namespace

// --- Opening.

file file::open(std::string path, open_flags flags, unsigned permissions, std::error_code& ec) {
  file opened;
  opened.path_ = std::move(path);
  const int system = system_flags(flags);
  ec = system < 0 || opened.path_.find('\0') != std::string::npos ? std::make_error_code(std::errc::invalid_argument)
                                                                  : std::error_code();
  if (ec) return opened;
  weft::detail::cancellation_point();
  const detail::opened got =
      weft::blocking([&] { return detail::open_file(opened.path_.c_str(), system, permissions); });
  if ((ec = got.error)) return opened;
  detail::unique_fd fd(got.fd);
  opened.descriptor_ = detail::hold_descriptor(fd, ec);
  return opened;
}

file file::open(std::string path, open_flags flags, std::error_code& ec) {
  return open(std::move(path), flags, 0666, ec);
}

file file::open(std::string path, open_flags flags, unsigned permissions) {
  std::error_code ec;
  file opened = open(std::move(path), flags, permissions, ec);
  if (ec) opened.fail(ec, "open");
  return opened;
}

// --- Bytes.

std::size_t file::read_whole(std::span<std::byte> buffer, std::uint64_t position, std::error_code& ec) {
  if (!is_position(position)) return ec = std::make_error_code(std::errc::invalid_argument), 0;
  weft::detail::cancellation_point();
  const auto from = static_cast<std::int64_t>(position);
  return detail::use_now(descriptor_, ec, [&](int fd) {
    bool is_all = false;
    const std::size_t filled = read_from_cache(fd, buffer, from, is_all);
    if (is_all) return filled;
    return filled + weft::blocking([&] {
             return move_all(buffer.subspan(filled), ec, [&](std::span<std::byte> rest, std::int64_t further) {
               return detail::read_file(fd, rest, from + static_cast<std::int64_t>(filled) + further);
             });
           });
  });
}

std::size_t file::write_whole(std::span<const std::byte> data, std::uint64_t position, std::error_code& ec) {
  if (!is_position(position)) return ec = std::make_error_code(std::errc::invalid_argument), 0;
  return write_by(descriptor_, data, ec, [&](int fd, std::span<const std::byte> rest, std::int64_t further) {
    return detail::write_file(fd, rest, static_cast<std::int64_t>(position) + further);
  });
}

std::size_t file::read_next(std::span<std::byte> buffer, std::error_code& ec) {
  weft::detail::cancellation_point();
  return detail::use_now(descriptor_, ec, [&](int fd) {
    if (buffer.empty()) return std::size_t{0};
    transferred got = detail::read_cached(fd, buffer, detail::k_in_sequence);
    if (got.would_block) got = weft::blocking([&] { return detail::read_file(fd, buffer, detail::k_in_sequence); });
    ec = got.error;
    return got.count;
  });
}

std::size_t file::write_next(std::span<const std::byte> data, std::error_code& ec) {
  return write_by(descriptor_, data, ec, [](int fd, std::span<const std::byte> rest, std::int64_t) {
    return detail::write_file(fd, rest, detail::k_in_sequence);
  });
}

// Text: here, so that only who writes it compiles it.

void file::write_at(std::string_view text, std::uint64_t position) { write_at(detail::bytes_of_text(text), position); }

std::size_t file::write_at(std::string_view text, std::uint64_t position, std::error_code& ec) {
  return write_whole(detail::bytes_of_text(text), position, ec);
}

void file::write_all(std::string_view text) { write_all(detail::bytes_of_text(text)); }

std::size_t file::write_all(std::string_view text, std::error_code& ec) {
  return write_next(detail::bytes_of_text(text), ec);
}

void file::seek(std::uint64_t position, std::error_code& ec) {
  if (!is_position(position)) return void(ec = std::make_error_code(std::errc::invalid_argument));
  const auto outcome = detail::use_now(
      descriptor_, ec, [&](int fd) { return detail::move_position(fd, static_cast<std::int64_t>(position)); });
  if (!ec) ec = outcome;
}

// --- The file as a whole.

void file::sync(std::error_code& ec) {
  const auto outcome = use_blocking(descriptor_, ec, [](int fd) { return detail::sync_file(fd, false); });
  if (!ec) ec = outcome;
}

void file::data_sync(std::error_code& ec) {
  const auto outcome = use_blocking(descriptor_, ec, [](int fd) { return detail::sync_file(fd, true); });
  if (!ec) ec = outcome;
}

void file::truncate(std::uint64_t size, std::error_code& ec) {
  if (!is_position(size)) return void(ec = std::make_error_code(std::errc::invalid_argument));
  const auto outcome =
      use_blocking(descriptor_, ec, [&](int fd) { return detail::truncate_file(fd, static_cast<std::int64_t>(size)); });
  if (!ec) ec = outcome;
}

file_status file::stat(std::error_code& ec) const {
  return use_blocking(descriptor_, ec, [&](int fd) {
    const detail::asked_status is = detail::status_of(fd, ec);
    return file_status{is.size, is.mode, point_of(is.modified_seconds, is.modified_nanoseconds)};
  });
}

// --- The throwing forms.

void file::seek(std::uint64_t position) {
  std::error_code ec;
  if (seek(position, ec); ec) fail(ec, "seek");
}

void file::sync() {
  std::error_code ec;
  if (sync(ec); ec) fail(ec, "sync");
}

void file::data_sync() {
  std::error_code ec;
  if (data_sync(ec); ec) fail(ec, "data_sync");
}

void file::truncate(std::uint64_t size) {
  std::error_code ec;
  if (truncate(size, ec); ec) fail(ec, "truncate");
}

file_status file::stat() const {
  std::error_code ec;
  const file_status is = stat(ec);
  if (ec) fail(ec, "stat");
  return is;
}

void file::fail(const std::error_code& ec, const char* call) const {
  detail::throw_error(ec, (std::string("file::") + call).c_str(), path_);
}

// --- Whole files.

std::string read_file(const std::string& path, std::size_t limit) {
  file from = file::open(path);
  std::string all;
  // One byte more than it claims, so that its end is seen at once; files of /proc claim nothing.
  all.resize(std::min<std::uint64_t>(from.size(), limit) + 1);
  std::size_t size = 0;
  while (const std::size_t n = from.read_some(std::span(all).subspan(size))) {
    size += n;
    if (size > limit)
      detail::throw_error(std::make_error_code(std::errc::file_too_large), "read_file",
                          path + ": more than " + std::to_string(limit) + " bytes");
    if (size == all.size()) all.resize(all.size() * 2);
  }
  all.resize(size);
  return all;
}

void write_file(const std::string& path, std::string_view data) {
  file to = file::open(path, open_flags::write_only | open_flags::create | open_flags::truncate);
  to.write_all(data);
}

}  // namespace weft::net
