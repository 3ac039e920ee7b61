#pragma once
// Room: netpoll. What is the same in every stream that has a connected socket behind it: the operations of
// byte_stream.hpp on one descriptor. tcp_stream.hpp is one; its header tells what is its own.

#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include <weft/netpoll/byte_stream.hpp>
#include <weft/netpoll/detail/descriptor.hpp>

namespace weft::net::detail {
struct stream_words;  // how errors and dumps call its operations
}

#pragma GCC visibility push(default)

namespace weft::net::detail {

std::size_t read_socket(const descriptor& of, const stream_words&, std::span<std::byte> buffer, std::error_code& ec);
std::size_t read_socket(const descriptor& of, const stream_words&, std::span<const std::span<std::byte>> buffers,
                        std::error_code& ec);
chunk borrow_from_socket(const descriptor& of, const stream_words&, std::error_code& ec);
std::size_t fill_from_socket(const descriptor& of, const stream_words&, std::span<std::byte> buffer,
                             std::error_code& ec);
std::size_t write_all_to_socket(const descriptor& of, const stream_words&, std::span<const std::byte> buffer,
                                std::error_code& ec);
std::size_t write_all_to_socket(const descriptor& of, const stream_words&,
                                std::span<const std::span<const std::byte>> buffers, std::error_code& ec);
std::size_t write_socket(const descriptor& of, const stream_words&, std::span<const std::byte> buffer,
                         std::error_code& ec);
std::size_t write_socket(const descriptor& of, const stream_words&, std::span<const std::span<const std::byte>> buffers,
                         std::error_code& ec);
void end_socket_writing(const descriptor& of, std::error_code& ec);
void move_socket_read_deadline(const descriptor& of, deadline until, std::error_code& ec) noexcept;
void move_socket_write_deadline(const descriptor& of, deadline until, std::error_code& ec) noexcept;
[[noreturn]] void fail_stream(const stream_words&, const std::error_code& ec, const char* call);

// `Stream` derives from it, and has a static words() that only this class calls.
template <class Stream>
class socket_stream : public byte_stream<Stream> {
 public:
  [[nodiscard]] bool is_open() const noexcept { return native_handle() >= 0; }

  // The system's descriptor, non-blocking, still owned by the stream; -1 if there is none.
  [[nodiscard]] int native_handle() const noexcept { return descriptor_.native_handle(); }

 protected:
  socket_stream() noexcept = default;
  explicit socket_stream(descriptor connected) noexcept : descriptor_(std::move(connected)) {}
  socket_stream(socket_stream&&) noexcept = default;
  socket_stream& operator=(socket_stream&&) noexcept = default;
  ~socket_stream() = default;

  [[nodiscard]] const descriptor& socket() const noexcept { return descriptor_; }

 private:
  friend class byte_stream<Stream>;

  std::size_t read(std::span<std::byte> buffer, std::error_code& ec) {
    return read_socket(descriptor_, Stream::words(), buffer, ec);
  }
  std::size_t read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec) {
    return read_socket(descriptor_, Stream::words(), buffers, ec);
  }
  chunk borrow(std::error_code& ec) { return borrow_from_socket(descriptor_, Stream::words(), ec); }
  std::size_t fill(std::span<std::byte> buffer, std::error_code& ec) {
    return fill_from_socket(descriptor_, Stream::words(), buffer, ec);
  }
  std::size_t write(std::span<const std::byte> buffer, std::error_code& ec) {
    return write_all_to_socket(descriptor_, Stream::words(), buffer, ec);
  }
  std::size_t write_each(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
    return write_all_to_socket(descriptor_, Stream::words(), buffers, ec);
  }
  std::size_t write_part(std::span<const std::byte> buffer, std::error_code& ec) {
    return write_socket(descriptor_, Stream::words(), buffer, ec);
  }
  std::size_t write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
    return write_socket(descriptor_, Stream::words(), buffers, ec);
  }
  [[nodiscard]] const descriptor* socket_behind() const noexcept { return &descriptor_; }
  void end_writing(std::error_code& ec) { end_socket_writing(descriptor_, ec); }
  void move_read_deadline(deadline until, std::error_code& ec) { move_socket_read_deadline(descriptor_, until, ec); }
  void move_write_deadline(deadline until, std::error_code& ec) { move_socket_write_deadline(descriptor_, until, ec); }
  [[nodiscard]] bool close_now() noexcept { return descriptor_.close(); }
  [[noreturn]] static void fail(const std::error_code& ec, const char* call) { fail_stream(Stream::words(), ec, call); }

  descriptor descriptor_;
};

}  // namespace weft::net::detail

#pragma GCC visibility pop
