#pragma once
// Room: async. A stream of weft's for libraries that read and write through Asio's synchronous streams: Boost.Beast,
// boost::asio::read, read_until, write. They block the fiber, and nothing else. Header-only use, nothing of Boost.Asio
// is linked.
//
//   weft::asio_stream stream(conn);
//   boost::beast::http::read(stream, buffer, request);
//   boost::asio::ssl::stream<weft::asio_stream> secure(conn, context);   // its handshake(), read_some() and so on
//
// asio_stream is for TCP; basic_asio_stream for any stream of byte_stream.hpp, such as one end of a pipe. Part of
// <weft/asio.hpp>.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <system_error>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <weft/async/executor.hpp>
#include <weft/netpoll/tcp_stream.hpp>

#pragma GCC visibility push(default)

namespace weft {

// Models SyncReadStream and SyncWriteStream over a stream that it refers to, and that outlives it. Thread-safety,
// waits, deadlines and cancellation are the stream's (byte_stream.hpp). The end of the stream is
// boost::asio::error::eof; other errors are the system's, in boost::system::system_category. Several buffers go in one
// system call, up to 16.
template <class Stream>
class basic_asio_stream {
 public:
  using next_layer_type = Stream;
  // For layers that ask for them, such as boost::asio::ssl::stream; nothing asynchronous is done with them here.
  using lowest_layer_type = basic_asio_stream;
  using executor_type = executor;

  explicit basic_asio_stream(Stream& next) noexcept : next_(next) {}

  [[nodiscard]] next_layer_type& next_layer() noexcept { return next_; }
  [[nodiscard]] const next_layer_type& next_layer() const noexcept { return next_; }
  [[nodiscard]] lowest_layer_type& lowest_layer() noexcept { return *this; }
  [[nodiscard]] const lowest_layer_type& lowest_layer() const noexcept { return *this; }
  // Of the calling fiber's runtime; on a plain thread std::logic_error.
  [[nodiscard]] executor_type get_executor() const { return executor(); }

  template <class MutableBufferSequence>
  std::size_t read_some(const MutableBufferSequence& buffers) {
    return or_throw("read_some", [&](boost::system::error_code& ec) { return read_some(buffers, ec); });
  }

  template <class MutableBufferSequence>
  std::size_t read_some(const MutableBufferSequence& buffers, boost::system::error_code& ec) {
    pieces<std::byte> to(buffers);
    std::error_code error;
    const std::size_t n = to.is_empty() ? 0 : next_.read_some(to.spans(), error);
    ec = translated(error);
    if (n == 0 && !error && !to.is_empty()) ec = boost::asio::error::eof;
    return n;
  }

  template <class ConstBufferSequence>
  std::size_t write_some(const ConstBufferSequence& buffers) {
    return or_throw("write_some", [&](boost::system::error_code& ec) { return write_some(buffers, ec); });
  }

  template <class ConstBufferSequence>
  std::size_t write_some(const ConstBufferSequence& buffers, boost::system::error_code& ec) {
    pieces<const std::byte> from(buffers);
    std::error_code error;
    const std::size_t n = from.is_empty() ? 0 : next_.write_some(from.spans(), error);
    ec = translated(error);
    return n;
  }

 private:
  // The first non-empty buffers of a sequence.
  template <class Byte>
  class pieces {
   public:
    template <class BufferSequence>
    explicit pieces(const BufferSequence& buffers) noexcept {
      const auto end = boost::asio::buffer_sequence_end(buffers);
      for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end && count_ < spans_.size(); ++it) add(*it);
    }
    [[nodiscard]] bool is_empty() const noexcept { return count_ == 0; }
    [[nodiscard]] std::span<const std::span<Byte>> spans() const noexcept { return {spans_.data(), count_}; }

   private:
    template <class Buffer>
    void add(const Buffer& buffer) noexcept {
      if (buffer.size() != 0) spans_[count_++] = {static_cast<Byte*>(buffer.data()), buffer.size()};
    }

    std::size_t count_ = 0;
    std::array<std::span<Byte>, 16> spans_;
  };

  static boost::system::error_code translated(const std::error_code& ec) noexcept {
    return {ec.value(), boost::system::system_category()};
  }

  template <class Call>
  static std::size_t or_throw(const char* name, Call call) {
    boost::system::error_code ec;
    const std::size_t n = call(ec);
    if (ec) throw boost::system::system_error(ec, name);
    return n;
  }

  Stream& next_;
};

using asio_stream = basic_asio_stream<net::tcp_stream>;

}  // namespace weft

#pragma GCC visibility pop
