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
// What else a connection holds while it waits: its fiber's stack, and a page of that which was touched once stays, also
// when the call that went so deep has returned. So wait in a frame that is shallow, before buffers and parsers exist,
// and serve what goes deeper than some 2 KiB in a fiber of its own, whose stack then serves anybody's next request:
//
//   while (auto got = conn.read_chunk())                             // an idle connection: one page and some 500 bytes
//     weft::spawn([&] { serve(conn, std::move(got)); }).join();      // some 0.2 us
//
// and the fiber that waits begins with a stack of another size (go({.stack_size = 64 * 1024}, ...)), for a stack that
// was deep is given to the next fiber of its size: examples/http.cpp.
//
// Movable, not copyable; may be moved to, and destroyed by, any fiber or thread, also after the runtime has ended.
// Destroying one gives the buffer back and does not park. What is idle goes back to the system as stacks do: trim.hpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>

#pragma GCC visibility push(default)

namespace weft::net {

namespace detail {

// Of chunk::max_size() bytes; goes back to where it came from.
class lent_buffer {
 public:
  constexpr lent_buffer() noexcept = default;
  explicit lent_buffer(std::byte* buffer) noexcept : data_(buffer) {}
  lent_buffer(lent_buffer&& from) noexcept : data_(from.data_) { from.data_ = nullptr; }
  lent_buffer& operator=(lent_buffer&& from) noexcept;
  ~lent_buffer() {
    if (data_ != nullptr) give_back();
  }

  [[nodiscard]] std::byte* get() const noexcept { return data_; }
  friend bool operator==(const lent_buffer& a, std::nullptr_t) noexcept { return a.data_ == nullptr; }

 private:
  void give_back() noexcept;

  std::byte* data_ = nullptr;
};

class read_ahead;

// Null, and std::errc::not_enough_memory, if the system has none.
[[nodiscard]] lent_buffer borrow_buffer(std::error_code& ec) noexcept;

}  // namespace detail

class chunk {
 public:
  // Empty, without a buffer. So is one that was moved from.
  chunk() noexcept = default;
  chunk(chunk&& from) noexcept
      : buffer_(static_cast<detail::lent_buffer&&>(from.buffer_)), data_(from.data_), size_(from.size_) {
    from.size_ = 0;
  }
  chunk& operator=(chunk&& from) noexcept;
  ~chunk() = default;

  [[nodiscard]] std::byte* data() noexcept { return data_; }
  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  explicit operator bool() const noexcept { return size_ != 0; }

  // Templates, for std::byte and char alone: they cost a program that does not call them nothing.
  template <class Byte = std::byte>
  [[nodiscard]] std::span<Byte> bytes() noexcept {
    return {data_, size_};
  }
  template <class Byte = std::byte>
  [[nodiscard]] std::span<const Byte> bytes() const noexcept {
    return {data_, size_};
  }
  template <class Char = char>
  [[nodiscard]] std::basic_string_view<Char> text() const noexcept {
    return {reinterpret_cast<const Char*>(data_), size_};
  }

  [[nodiscard]] std::byte* begin() noexcept { return data_; }
  [[nodiscard]] std::byte* end() noexcept { return data_ + size_; }
  [[nodiscard]] const std::byte* begin() const noexcept { return data_; }
  [[nodiscard]] const std::byte* end() const noexcept { return data_ + size_; }

  // The most that one holds, in bytes.
  [[nodiscard]] static constexpr std::size_t max_size() noexcept { return std::size_t{16} << 10; }

  // What lies in a buffer that was borrowed. For streams.
  chunk(detail::lent_buffer buffer, std::size_t first, std::size_t size) noexcept
      : buffer_(static_cast<detail::lent_buffer&&>(buffer)), data_(buffer_.get() + first), size_(size) {}

 private:
  friend class detail::read_ahead;

  detail::lent_buffer buffer_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

namespace detail {

// For streams that cannot tell whether there is something before they have a buffer: `read` is given one at once.
template <class Read, class Byte = std::byte>
chunk read_into_chunk(std::error_code& ec, Read read) {
  lent_buffer buffer = borrow_buffer(ec);
  if (buffer == nullptr) return {};
  const std::size_t size = read(std::span<Byte>(buffer.get(), chunk::max_size()));
  return size != 0 ? chunk(static_cast<lent_buffer&&>(buffer), 0, size) : chunk();
}

}  // namespace detail

}  // namespace weft::net

#pragma GCC visibility pop
