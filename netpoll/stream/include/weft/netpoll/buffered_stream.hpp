#pragma once
// Room: netpoll. A stream that is read by lines, by delimiters, or in pieces smaller than what comes: it reads ahead,
// as much as there is, and gives out of that.
//
//   net::buffered_stream in(std::move(conn));                  // owns what it is given
//   while (auto line = in.read_line()) {                       // std::optional<std::string_view>, without its end
//     if (line->empty()) break;
//     headers.emplace_back(*line);
//   }
//   in.read_exactly(body);                                     // all that byte_stream.hpp tells works on it, too
//   in.write_all("done\r\n");                                  // writing is not buffered: it goes out at once
//
//   net::buffered_stream in(std::ref(conn));                   // refers to one that outlives it, and leaves it open
//   net::buffered_stream in(std::move(conn), {.limit = 1 << 20});
//
// Views (string_view) are of its own buffer: they are good until the next call that reads, peeks, discards, moves or
// destroys it; closing it does not hurt them. The forms into a std::string copy.
// The limit is the longest line or piece, its end included, and the most that peek() looks at. A line that is longer is
// net::errc::line_too_long, whenever and in whatever pieces it comes, and nothing is lost: its bytes are still there
// for read_some, discard and the others; read_line says the same again until some are taken. The same holds for every
// error, time limit and cancellation: what had come is read by the next call.
// Memory. It borrows a buffer as read_chunk() does (chunk.hpp), while it holds bytes that were not taken, or the last
// view: one that waits for the first byte of something has none. A limit beyond chunk::max_size() is memory of its own,
// as far as a line needs it.
// Time and ends. Deadlines, close and cancellation are the stream's. What is there already is read though the deadline
// has passed, and not any more once the stream is closed. Each call is a cancellation point.
// Threads. As byte_stream.hpp, but for: one fiber at a time reads. A second one is not made to wait; where it meets the
// first one waiting for more it is refused (std::logic_error). It is neither moved nor destroyed under a call.
// Next: byte_stream.hpp, chunk.hpp.

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <weft/netpoll/byte_stream.hpp>
#include <weft/netpoll/detail/read_ahead.hpp>
#include <weft/runtime/detail/functional.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

struct buffered_options {
  std::size_t limit = chunk::max_size();  // bytes of a line, its end included; 0: the default
};

// `Stream` is one that derives from byte_stream, or a reference to one.
template <class Stream>
  requires std::derived_from<std::remove_reference_t<Stream>, byte_stream<std::remove_reference_t<Stream>>>
class buffered_stream : public byte_stream<buffered_stream<Stream>> {
 public:
  explicit buffered_stream(Stream&& stream, const buffered_options& options = {}) noexcept
      : stream_(std::forward<Stream>(stream)), ahead_(options.limit != 0 ? options.limit : buffered_options{}.limit) {}
  buffered_stream(buffered_stream&&) noexcept = default;
  buffered_stream& operator=(buffered_stream&&) noexcept = default;  // of one that owns its stream
  ~buffered_stream() = default;

  // --- Lines: what ends with "\n" or "\r\n", without that.

  // Nothing at the end of the stream. What follows the last "\n" is a line, too, unless there is nothing: where a line
  // that was cut off is an error, read_until("\n") tells.
  [[nodiscard]] std::optional<std::string_view> read_line() {
    return or_fail("read_line", [&](std::error_code& ec) { return read_line(ec); });
  }
  [[nodiscard]] std::optional<std::string_view> read_line(std::error_code& ec) {
    if (!enter(ec)) return std::nullopt;
    source from(stream_);
    return ahead_.line(from, ec);
  }

  // False: there is none, and `line` is empty.
  bool read_line(std::string& line) {
    return or_fail("read_line", [&](std::error_code& ec) { return read_line(line, ec); });
  }
  bool read_line(std::string& line, std::error_code& ec) {
    const auto found = read_line(ec);
    line.assign(found.value_or(std::string_view()));
    return found.has_value();
  }

  // --- Pieces that end with `delimiter`, which is part of them and not empty (std::invalid_argument).

  // Empty at the end of the stream; if it ends within a piece: net::errc::end_of_stream.
  [[nodiscard]] std::string_view read_until(std::string_view delimiter) {
    return or_fail("read_until", [&](std::error_code& ec) { return read_until(delimiter, ec); });
  }
  [[nodiscard]] std::string_view read_until(std::string_view delimiter, std::error_code& ec) {
    if (!enter(ec)) return {};
    source from(stream_);
    return ahead_.until(from, delimiter, ec);
  }

  // False: there is none, and `piece` is empty.
  bool read_until(std::string& piece, std::string_view delimiter) {
    return or_fail("read_until", [&](std::error_code& ec) { return read_until(piece, delimiter, ec); });
  }
  bool read_until(std::string& piece, std::string_view delimiter, std::error_code& ec) {
    piece.assign(read_until(delimiter, ec));
    return !piece.empty();
  }

  // --- Looking ahead.

  // The next `count` bytes, which stay to be read; fewer only if the stream ends before. More than the limit:
  // std::length_error.
  [[nodiscard]] std::string_view peek(std::size_t count) {
    return or_fail("peek", [&](std::error_code& ec) { return peek(count, ec); });
  }
  [[nodiscard]] std::string_view peek(std::size_t count, std::error_code& ec) {
    if (!enter(ec)) return {};
    source from(stream_);
    return ahead_.peek(from, count, ec);
  }

  // Drops the next `count` bytes. If the stream ends before: net::errc::end_of_stream. The second form says how many.
  void discard(std::size_t count) {
    or_fail("discard", [&](std::error_code& ec) { return discard(count, ec); });
  }
  std::size_t discard(std::size_t count, std::error_code& ec) {
    if (!enter(ec)) return 0;
    source from(stream_);
    return ahead_.discard(from, count, ec);
  }

  // How many bytes can be read without waiting, of those that were read ahead. Does not park.
  [[nodiscard]] std::size_t buffered() const noexcept { return ahead_.size(); }

  // --- The stream. Who reads from it directly misses what was read ahead.
  [[nodiscard]] std::remove_reference_t<Stream>& stream() noexcept { return stream_; }
  [[nodiscard]] bool is_open() const noexcept { return stream_.is_open(); }

 private:
  friend class byte_stream<buffered_stream>;

  class source final : public detail::read_source {
   public:
    explicit source(std::remove_reference_t<Stream>& stream) noexcept : stream_(stream) {}
    chunk borrow(std::error_code& ec) override { return stream_.read_chunk(ec); }
    std::size_t read(std::span<std::byte> buffer, std::error_code& ec) override {
      return stream_.read_some(buffer, ec);
    }

   private:
    std::remove_reference_t<Stream>& stream_;
  };

  template <class Call>
  auto or_fail(const char* name, Call call) {
    std::error_code ec;
    auto result = call(ec);
    if (ec) detail::fail_buffered(ec, name, ahead_.limit());
    return result;
  }

  // With nothing read ahead the stream's own call is asked first.
  [[nodiscard]] bool enter(std::error_code& ec) {
    ahead_.require_alone();
    return ahead_.size() == 0 || detail::enter_buffered(is_open(), ec);
  }

  // As much as a chunk holds is not worth a copy.
  [[nodiscard]] bool goes_past(std::size_t wanted) const noexcept {
    return ahead_.size() == 0 && wanted >= chunk::max_size();
  }

  std::size_t read(std::span<std::byte> buffer, std::error_code& ec) {
    ahead_.require_alone();
    if (goes_past(buffer.size()) || buffer.empty()) return stream_.read_some(buffer, ec);
    if (!enter(ec)) return 0;
    source from(stream_);
    return ahead_.size() != 0 || ahead_.more(from, ec) != 0 ? ahead_.take(buffer) : 0;
  }
  std::size_t read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec) {
    ahead_.require_alone();
    if (ahead_.size() == 0) return stream_.read_some(buffers, ec);
    return enter(ec) ? ahead_.take(buffers) : 0;
  }
  chunk borrow(std::error_code& ec) {
    ahead_.require_alone();
    if (ahead_.size() == 0) return stream_.read_chunk(ec);
    return enter(ec) ? ahead_.take_chunk(ec) : chunk();
  }
  std::size_t fill(std::span<std::byte> buffer, std::error_code& ec) {
    if (!enter(ec)) return 0;
    const std::size_t there = ahead_.take(buffer);
    const auto rest = buffer.subspan(there);
    if (goes_past(rest.size()) || buffer.empty()) return there + stream_.read_exactly(rest, ec);
    source from(stream_);
    return there + ahead_.fill(from, rest, ec);
  }

  std::size_t write(std::span<const std::byte> buffer, std::error_code& ec) { return stream_.write_all(buffer, ec); }
  std::size_t write_part(std::span<const std::byte> buffer, std::error_code& ec) {
    return stream_.write_some(buffer, ec);
  }
  std::size_t write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
    return stream_.write_some(buffers, ec);
  }
  [[nodiscard]] const detail::descriptor* socket_behind() noexcept {
    return ahead_.size() == 0 ? detail::socket_access::of(stream_) : nullptr;
  }
  void end_writing(std::error_code& ec) { stream_.shutdown_write(ec); }
  void move_read_deadline(deadline until, std::error_code& ec) { stream_.set_read_deadline(at(until), ec); }
  void move_write_deadline(deadline until, std::error_code& ec) { stream_.set_write_deadline(at(until), ec); }
  [[nodiscard]] bool close_now() noexcept {
    std::error_code ec;
    stream_.close(ec);
    return !ec;
  }
  [[noreturn]] static void fail(const std::error_code& ec, const char* call) { detail::fail_buffered(ec, call); }

  static time_limit at(deadline until) noexcept {
    return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(until.nanoseconds()));
  }

  Stream stream_;
  detail::read_ahead ahead_;
};

template <class Stream>
buffered_stream(std::reference_wrapper<Stream>, buffered_options = {}) -> buffered_stream<Stream&>;

}  // namespace weft::net

#pragma GCC visibility pop
