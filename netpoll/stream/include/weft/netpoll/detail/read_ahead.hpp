#pragma once
// Room: netpoll. What buffered_stream.hpp has read and nobody has taken yet, and how lines and delimiters are found in
// it. All that does not depend on the kind of stream.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>

#include <weft/netpoll/chunk.hpp>
#include <weft/runtime/detail/owned.hpp>

#pragma GCC visibility push(default)

namespace weft::net::detail {

// Where more comes from.
class read_source {
 public:
  virtual chunk borrow(std::error_code& ec) = 0;
  virtual std::size_t read(std::span<std::byte> buffer, std::error_code& ec) = 0;

 protected:
  ~read_source() = default;
};

struct delete_bytes {
  void operator()(std::byte* bytes) const noexcept { delete[] bytes; }
};

// Has a buffer while it has bytes, and at most until the next call that reads. Bytes are contiguous, and stay where
// they are until then. What it returns as a view has been taken, but for peek. Calls that read set `ec`, or clear it.
class read_ahead {
 public:
  explicit read_ahead(std::size_t limit) noexcept : limit_(limit) {}
  read_ahead(read_ahead&& from) noexcept;
  read_ahead& operator=(read_ahead&& from) noexcept;
  ~read_ahead() = default;

  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

  // Each call that reads begins with it: std::logic_error while another one waits for more. What comes would be divided
  // between the two by chance.
  void require_alone();

  // What is there now.
  std::size_t take(std::span<std::byte> to) noexcept;
  std::size_t take(std::span<const std::span<std::byte>> to) noexcept;
  [[nodiscard]] chunk take_chunk(std::error_code& ec) noexcept;

  // One more read. 0: the end of the stream, or an error.
  std::size_t more(read_source& from, std::error_code& ec);

  std::size_t fill(read_source& from, std::span<std::byte> to, std::error_code& ec);
  std::size_t discard(read_source& from, std::size_t count, std::error_code& ec);
  [[nodiscard]] std::optional<std::string_view> line(read_source& from, std::error_code& ec);
  [[nodiscard]] std::string_view until(read_source& from, std::string_view delimiter, std::error_code& ec);
  [[nodiscard]] std::string_view peek(read_source& from, std::size_t count, std::error_code& ec);

 private:
  [[nodiscard]] std::byte* data() const noexcept { return grown_ == nullptr ? pooled_.get() : grown_.get(); }
  [[nodiscard]] std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(data()) + begin_, size()};
  }
  [[nodiscard]] std::string_view take_text(std::size_t count) noexcept;
  [[nodiscard]] std::size_t find(read_source& from, std::string_view delimiter, std::error_code& ec);
  [[nodiscard]] std::size_t borrow(read_source& from, std::error_code& ec);
  [[nodiscard]] bool make_room(std::error_code& ec) noexcept;

  std::size_t limit_;
  lent_buffer pooled_;
  weft::detail::owned<std::byte, delete_bytes> grown_;  // in its place, if the limit is beyond a buffer of the pool
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool is_waiting_ = false;  // any thread, by an atomic_ref; all else is the reader's
};

// "weft: buffered_stream::<call>: <message of ec>"; with the limit where that is the reason.
[[noreturn]] void fail_buffered(const std::error_code& ec, const char* call, std::size_t limit = 0);
[[noreturn]] void refuse_peek(std::size_t count, std::size_t limit);
[[noreturn]] void refuse_empty_delimiter();
// A call that is answered from memory alone: a cancellation point all the same. False: the stream is closed.
[[nodiscard]] bool enter_buffered(bool is_open, std::error_code& ec);

}  // namespace weft::net::detail

#pragma GCC visibility pop
