#pragma once
// Room: netpoll. What a stream had to read, in a buffer that is borrowed for it. read_chunk() waits without a buffer,
// and borrows one when there is something: of ten thousand connections that are silent none costs one.
//
//   while (auto got = conn.read_chunk()) conn.write_all(got);        // the echo; an empty one is the end of the stream
//
//   auto got = conn.read_chunk();
//   parse(got.text());                                               // as std::string_view; got.bytes(): as a span
//   got.data(), got.size()                                           // it is a contiguous range of std::byte
//
// When to: where many connections mostly wait, and what comes is dealt with at once. When not: where the fiber keeps a
// buffer anyway (a parser with one of its own), where messages have a length or an end (buffered_stream.hpp, which
// borrows in the same way), and for bulk, where one large buffer of your own saves calls: a chunk holds 16 KiB at most.
// Keep a chunk no longer than its bytes are needed: while it lives the buffer is its own, 16 KiB of memory.
//
// Movable, not copyable; may be moved to, and destroyed by, any fiber or thread, also after the runtime has ended.
// Destroying one gives the buffer back and does not park. What is idle goes back to the system as stacks do: trim.hpp.

#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include <weft/runtime/detail/owned.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

namespace detail {

struct return_buffer {
  void operator()(std::byte* buffer) const noexcept;
};
// Of chunk::max_size() bytes.
using lent_buffer = weft::detail::owned<std::byte, return_buffer>;

class read_ahead;

// Null, and std::errc::not_enough_memory, if the system has none.
[[nodiscard]] lent_buffer borrow_buffer(std::error_code& ec) noexcept;

}  // namespace detail

class chunk {
 public:
  // Empty, without a buffer. So is one that was moved from.
  chunk() noexcept = default;
  chunk(chunk&& from) noexcept
      : buffer_(std::move(from.buffer_)), data_(from.data_), size_(std::exchange(from.size_, 0)) {}
  chunk& operator=(chunk&& from) noexcept {
    buffer_ = std::move(from.buffer_);
    data_ = from.data_;
    size_ = std::exchange(from.size_, 0);
    return *this;
  }
  ~chunk() = default;

  [[nodiscard]] std::byte* data() noexcept { return data_; }
  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  explicit operator bool() const noexcept { return size_ != 0; }

  [[nodiscard]] std::span<std::byte> bytes() noexcept { return {data_, size_}; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  [[nodiscard]] std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }

  [[nodiscard]] std::byte* begin() noexcept { return data_; }
  [[nodiscard]] std::byte* end() noexcept { return data_ + size_; }
  [[nodiscard]] const std::byte* begin() const noexcept { return data_; }
  [[nodiscard]] const std::byte* end() const noexcept { return data_ + size_; }

  // The most that one holds, in bytes.
  [[nodiscard]] static constexpr std::size_t max_size() noexcept { return std::size_t{16} << 10; }

  // What lies in a buffer that was borrowed. For streams.
  chunk(detail::lent_buffer buffer, std::size_t first, std::size_t size) noexcept
      : buffer_(std::move(buffer)), data_(buffer_.get() + first), size_(size) {}

 private:
  friend class detail::read_ahead;

  detail::lent_buffer buffer_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

namespace detail {

// For streams that cannot tell whether there is something before they have a buffer: `read` is given one at once.
template <class Read>
chunk read_into_chunk(std::error_code& ec, Read read) {
  lent_buffer buffer = borrow_buffer(ec);
  if (buffer == nullptr) return {};
  const std::size_t size = read(std::span(buffer.get(), chunk::max_size()));
  return size != 0 ? chunk(std::move(buffer), 0, size) : chunk();
}

}  // namespace detail

}  // namespace weft::net

#pragma GCC visibility pop
