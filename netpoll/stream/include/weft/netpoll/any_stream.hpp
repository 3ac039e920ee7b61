#pragma once
// Room: netpoll. A stream of any kind, known at run time: for handlers that serve TCP, one end of a pipe in a test, and
// whatever else derives from byte_stream, without being templates.
//
//   void serve(net::any_stream conn);                // owns what it is given
//   weft::go([conn = listener.accept()]() mutable { serve(std::move(conn)); });
//   auto [near, far] = net::pipe();
//   weft::go([far = std::move(far)]() mutable { serve(std::move(far)); });
//
//   void greet(net::any_stream& conn);               // a function that owns nothing takes a reference
//   net::any_stream here(std::ref(tcp_conn));        // refers to a stream that outlives it, and leaves it open
//   greet(here);
//
// Reading, writing, ending and the deadlines are those of every stream (byte_stream.hpp) and of the one that it holds:
// one virtual call more. What is TCP's alone (addresses, settings) is set before. Holding is one allocation.
// Next: tcp_stream.hpp, pipe.hpp.

#include <concepts>
#include <cstddef>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>

#include <weft/netpoll/byte_stream.hpp>
#include <weft/runtime/detail/functional.hpp>
#include <weft/runtime/detail/owned.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

namespace detail {

// The stream of an any_stream, as seen through it.
class stream_behind {
 public:
  virtual ~stream_behind() = default;
  virtual std::size_t read(std::span<std::byte> buffer, std::error_code& ec) = 0;
  virtual std::size_t read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec) = 0;
  virtual chunk borrow(std::error_code& ec) = 0;
  virtual std::size_t fill(std::span<std::byte> buffer, std::error_code& ec) = 0;
  virtual std::size_t write(std::span<const std::byte> buffer, std::error_code& ec) = 0;
  virtual std::size_t write_each(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) = 0;
  virtual std::size_t write_part(std::span<const std::byte> buffer, std::error_code& ec) = 0;
  virtual std::size_t write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) = 0;
  [[nodiscard]] virtual const descriptor* socket_behind() noexcept = 0;
  virtual void end_writing(std::error_code& ec) = 0;
  virtual void move_read_deadline(time_limit t, std::error_code& ec) = 0;
  virtual void move_write_deadline(time_limit t, std::error_code& ec) = 0;
  virtual void close(std::error_code& ec) noexcept = 0;
  [[nodiscard]] virtual bool is_open() const noexcept = 0;
};

// `Held` is a stream, or a reference to one.
template <class Held>
class held_stream final : public stream_behind {
 public:
  explicit held_stream(Held&& stream) noexcept : stream_(std::forward<Held>(stream)) {}

  std::size_t read(std::span<std::byte> buffer, std::error_code& ec) override { return stream_.read_some(buffer, ec); }
  std::size_t read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec) override {
    return stream_.read_some(buffers, ec);
  }
  chunk borrow(std::error_code& ec) override { return stream_.read_chunk(ec); }
  std::size_t fill(std::span<std::byte> buffer, std::error_code& ec) override {
    return stream_.read_exactly(buffer, ec);
  }
  std::size_t write(std::span<const std::byte> buffer, std::error_code& ec) override {
    return stream_.write_all(buffer, ec);
  }
  std::size_t write_each(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) override {
    return stream_.write_all(buffers, ec);
  }
  std::size_t write_part(std::span<const std::byte> buffer, std::error_code& ec) override {
    return stream_.write_some(buffer, ec);
  }
  std::size_t write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) override {
    return stream_.write_some(buffers, ec);
  }
  [[nodiscard]] const descriptor* socket_behind() noexcept override { return socket_access::of(stream_); }
  void end_writing(std::error_code& ec) override { stream_.shutdown_write(ec); }
  void move_read_deadline(time_limit t, std::error_code& ec) override { stream_.set_read_deadline(t, ec); }
  void move_write_deadline(time_limit t, std::error_code& ec) override { stream_.set_write_deadline(t, ec); }
  void close(std::error_code& ec) noexcept override { stream_.close(ec); }
  [[nodiscard]] bool is_open() const noexcept override { return stream_.is_open(); }

 private:
  Held stream_;
};

}  // namespace detail

class any_stream : public byte_stream<any_stream> {
 public:
  // No stream: every operation is std::errc::bad_file_descriptor. So is one that was moved from.
  any_stream() noexcept = default;
  any_stream(any_stream&&) noexcept = default;
  any_stream& operator=(any_stream&&) noexcept = default;

  // Takes a stream over. Implicit: a handler takes an any_stream, and is given a tcp_stream that is moved.
  template <class Stream>
    requires(std::derived_from<Stream, byte_stream<Stream>> && !std::is_same_v<Stream, any_stream>)
  any_stream(Stream&& stream) : behind_(new detail::held_stream<Stream>(std::move(stream))) {}

  // Refers to it: its end closes nothing, and close() closes that stream.
  template <class Stream>
    requires std::derived_from<Stream, byte_stream<Stream>>
  explicit any_stream(std::reference_wrapper<Stream> stream)
      : behind_(new detail::held_stream<Stream&>(stream.get())) {}

  [[nodiscard]] bool is_open() const noexcept { return behind_.get() != nullptr && behind_->is_open(); }

 private:
  friend class byte_stream<any_stream>;

  std::size_t read(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec);
  chunk borrow(std::error_code& ec);
  std::size_t fill(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t write(std::span<const std::byte> buffer, std::error_code& ec);
  std::size_t write_each(std::span<const std::span<const std::byte>> buffers, std::error_code& ec);
  std::size_t write_part(std::span<const std::byte> buffer, std::error_code& ec);
  std::size_t write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec);
  [[nodiscard]] const detail::descriptor* socket_behind() noexcept {
    return behind_ == nullptr ? nullptr : behind_->socket_behind();
  }
  void end_writing(std::error_code& ec);
  void move_read_deadline(deadline until, std::error_code& ec);
  void move_write_deadline(deadline until, std::error_code& ec);
  [[nodiscard]] bool close_now() noexcept;
  [[noreturn]] static void fail(const std::error_code& ec, const char* call);

  weft::detail::owned<detail::stream_behind> behind_;
};

}  // namespace weft::net

#pragma GCC visibility pop
