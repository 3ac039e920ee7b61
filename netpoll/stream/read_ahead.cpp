// Room: netpoll. See detail/read_ahead.hpp.

#include <weft/netpoll/detail/read_ahead.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>

#include "closed.hpp"

namespace weft::net::detail {

read_ahead::read_ahead(read_ahead&& from) noexcept
    : limit_(from.limit_),
      pooled_(std::move(from.pooled_)),
      grown_(std::move(from.grown_)),
      capacity_(std::exchange(from.capacity_, 0)),
      begin_(std::exchange(from.begin_, 0)),
      end_(std::exchange(from.end_, 0)) {}

read_ahead& read_ahead::operator=(read_ahead&& from) noexcept {
  limit_ = from.limit_;
  pooled_ = std::move(from.pooled_);
  grown_ = std::move(from.grown_);
  capacity_ = std::exchange(from.capacity_, 0);
  begin_ = std::exchange(from.begin_, 0);
  end_ = std::exchange(from.end_, 0);
  return *this;
}

// --- Taking.

std::size_t read_ahead::take(std::span<std::byte> to) noexcept {
  const std::size_t count = std::min(to.size(), size());
  if (count != 0) std::memcpy(to.data(), data() + begin_, count);
  begin_ += count;
  return count;
}

std::size_t read_ahead::take(std::span<const std::span<std::byte>> to) noexcept {
  std::size_t taken = 0;
  for (const auto& each : to) taken += take(each);
  return taken;
}

std::string_view read_ahead::take_text(std::size_t count) noexcept {
  const auto taken = text().substr(0, count);
  begin_ += count;
  return taken;
}

// The buffer itself, unless it is not one of the pool.
chunk read_ahead::take_chunk(std::error_code& ec) noexcept {
  if (grown_ != nullptr) return read_into_chunk(ec, [this](std::span<std::byte> buffer) { return take(buffer); });
  ec.clear();
  chunk taken(std::move(pooled_), begin_, size());
  capacity_ = begin_ = end_ = 0;
  return taken;
}

// --- Reading.

namespace {

// While one lives others are refused (require_alone).
class waiting_mark {
 public:
  explicit waiting_mark(bool& mark) noexcept : mark_(mark) { set(true); }
  ~waiting_mark() { set(false); }
  waiting_mark(const waiting_mark&) = delete;
  waiting_mark& operator=(const waiting_mark&) = delete;

 private:
  // release: what this call wrote; pairs with the acquire in require_alone.
  void set(bool to) noexcept { mark_.store(to, std::memory_order_release); }

  std::atomic_ref<bool> mark_;
};

}  // namespace

void read_ahead::require_alone() {
  // acquire: what the other wrote before it waits; pairs with the release in waiting_mark.
  if (!std::atomic_ref(is_waiting_).load(std::memory_order_acquire)) return;
  throw std::logic_error(
      "weft: buffered_stream: a call that reads while another fiber waits in one: one fiber at a time reads");
}

std::size_t read_ahead::more(read_source& from, std::error_code& ec) {
  const waiting_mark marked(is_waiting_);
  if (size() == 0) return borrow(from, ec);
  if (!make_room(ec)) return 0;
  const std::size_t got = from.read(std::span(data() + end_, capacity_ - end_), ec);
  end_ += got;
  return got;
}

// Waits without a buffer.
std::size_t read_ahead::borrow(read_source& from, std::error_code& ec) {
  pooled_ = {};
  grown_ = {};
  capacity_ = begin_ = end_ = 0;
  chunk got = from.borrow(ec);
  if (got.empty()) return 0;
  const std::size_t size = got.size();
  begin_ = static_cast<std::size_t>(got.data() - got.buffer_.get());
  end_ = begin_ + std::exchange(got.size_, 0);
  pooled_ = std::move(got.buffer_);
  capacity_ = chunk::max_size();
  return size;
}

// What is there moves to the front, or to a larger buffer, of twice the size: no byte is moved more than a few times.
bool read_ahead::make_room(std::error_code& ec) noexcept {
  if (end_ < capacity_) return true;
  const std::size_t kept = size();
  if (begin_ != 0) {
    std::memmove(data(), data() + begin_, kept);
  } else {
    const std::size_t larger = std::min(2 * capacity_, std::max(limit_, capacity_ + 1));
    weft::detail::owned<std::byte, delete_bytes> grown(new (std::nothrow) std::byte[larger]);
    if (grown == nullptr) {
      ec = std::make_error_code(std::errc::not_enough_memory);
      return false;
    }
    std::memcpy(grown.get(), data(), kept);
    grown_ = std::move(grown);
    pooled_ = {};
    capacity_ = larger;
  }
  begin_ = 0;
  end_ = kept;
  return true;
}

std::size_t read_ahead::fill(read_source& from, std::span<std::byte> to, std::error_code& ec) {
  ec.clear();
  std::size_t filled = take(to);
  while (filled < to.size() && more(from, ec) != 0) filled += take(to.subspan(filled));
  if (filled < to.size() && !ec) ec = errc::end_of_stream;
  return filled;
}

std::size_t read_ahead::discard(read_source& from, std::size_t count, std::error_code& ec) {
  ec.clear();
  std::size_t gone = 0;
  for (;;) {
    const std::size_t now = std::min(count - gone, size());
    begin_ += now;
    gone += now;
    if (gone == count) return gone;
    if (more(from, ec) != 0) continue;
    if (!ec) ec = errc::end_of_stream;
    return gone;
  }
}

// How long it is with its delimiter; 0: the stream ended before, or an error.
std::size_t read_ahead::find(read_source& from, std::string_view delimiter, std::error_code& ec) {
  ec.clear();
  std::size_t looked = 0;
  for (;;) {
    const std::size_t at = text().find(delimiter, looked);
    if (at != std::string_view::npos && at + delimiter.size() <= limit_) return at + delimiter.size();
    if (size() >= limit_) ec = errc::line_too_long;
    if (ec) return 0;
    looked = size() >= delimiter.size() ? size() - delimiter.size() + 1 : 0;
    if (more(from, ec) == 0) return 0;
  }
}

std::optional<std::string_view> read_ahead::line(read_source& from, std::error_code& ec) {
  const std::size_t length = find(from, "\n", ec);
  if (ec || (length == 0 && size() == 0)) return std::nullopt;
  if (length == 0) return take_text(size());
  std::string_view line = take_text(length);
  line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view read_ahead::until(read_source& from, std::string_view delimiter, std::error_code& ec) {
  if (delimiter.empty()) refuse_empty_delimiter();
  const std::size_t length = find(from, delimiter, ec);
  if (length == 0 && !ec && size() != 0) ec = errc::end_of_stream;
  return take_text(length);
}

std::string_view read_ahead::peek(read_source& from, std::size_t count, std::error_code& ec) {
  if (count > limit_) refuse_peek(count, limit_);
  ec.clear();
  while (size() < count && more(from, ec) != 0) continue;
  return ec ? std::string_view() : text().substr(0, count);
}

// --- Errors.

void fail_buffered(const std::error_code& ec, const char* call, std::size_t limit) {
  const bool is_long = ec == errc::line_too_long && limit != 0;
  throw_error(ec, (std::string("buffered_stream::") + call).c_str(),
              is_long ? "within " + std::to_string(limit) + " bytes" : std::string());
}

void refuse_peek(std::size_t count, std::size_t limit) {
  throw std::length_error("weft: buffered_stream::peek of " + std::to_string(count) + " bytes: its limit is " +
                          std::to_string(limit) + " (buffered_options.limit)");
}

void refuse_empty_delimiter() {
  throw std::invalid_argument("weft: buffered_stream::read_until of an empty delimiter: say what ends a piece");
}

bool enter_buffered(bool is_open, std::error_code& ec) {
  weft::detail::cancellation_point();
  ec = is_open ? std::error_code() : closed_before();
  return is_open;
}

}  // namespace weft::net::detail
