#pragma once
// Room: netpoll. A connected pair of streams in memory, for two halves of one program that speak as over a network, and
// for tests of what does: no descriptor, no port, no system call, and no clock but the caller's.
//
//   auto [near, far] = weft::net::pipe({.buffer_size = 4096});
//   auto echoing = weft::spawn([far = std::move(far)]() mutable {
//     char buf[64];
//     while (auto n = far.read_some(buf)) far.write_all(std::span(buf, n));
//   });
//   near.write_all("hello");
//   char answer[5];
//   near.read_exactly(answer);
//   near.shutdown_write();
//   echoing.join();
//
// Reading, writing, ending and the deadlines are those of every stream: byte_stream.hpp, which also tells who may call
// what, what ends a wait, and the errors. What is a pipe's own:
// - Either stream may be used by fibers of any runtime, and by plain threads, which block instead of parking.
// - Each direction has a buffer. write_* return when the buffer has taken the bytes, and wait while it is full; a
//   writer that has waited goes on when half of it is free, or room for all that is left to write.
// - When a stream is closed or destroyed its peer reads what was written before, and then the end; what the peer writes
//   is std::errc::broken_pipe, also a write in progress. What was not read is dropped. A pipe is never reset.
// - After shutdown_write our own writes, also one that waits, are std::errc::broken_pipe.
// Next: byte_stream.hpp.

#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include <weft/netpoll/byte_stream.hpp>
#include <weft/runtime/detail/owned.hpp>

namespace weft::net::detail {
class byte_lane;
}

#pragma GCC visibility push(default)

namespace weft::net {

namespace detail {

// The deleters of the two ends of one direction: close the end, and let go of it.
struct drop_reader {
  void operator()(byte_lane* lane) const noexcept;
};
struct drop_writer {
  void operator()(byte_lane* lane) const noexcept;
};

}  // namespace detail

class pipe_stream : public byte_stream<pipe_stream> {
 public:
  // No pipe: every operation is std::errc::bad_file_descriptor. So is one that was moved from.
  pipe_stream() noexcept = default;
  pipe_stream(pipe_stream&&) noexcept = default;
  pipe_stream& operator=(pipe_stream&&) noexcept = default;
  ~pipe_stream() = default;

  // False once it was closed, moved from, or never had a pipe.
  [[nodiscard]] bool is_open() const noexcept;

  // Takes over one end of each of two directions. For pipe().
  pipe_stream(weft::detail::owned<detail::byte_lane, detail::drop_reader> in,
              weft::detail::owned<detail::byte_lane, detail::drop_writer> out) noexcept
      : in_(std::move(in)), out_(std::move(out)) {}

 private:
  friend class byte_stream<pipe_stream>;

  std::size_t read(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec);
  chunk borrow(std::error_code& ec);
  std::size_t fill(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t write(std::span<const std::byte> buffer, std::error_code& ec);
  std::size_t write_each(std::span<const std::span<const std::byte>> buffers, std::error_code& ec);
  std::size_t write_part(std::span<const std::byte> buffer, std::error_code& ec);
  std::size_t write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec);
  void end_writing(std::error_code& ec);
  void move_read_deadline(deadline until, std::error_code& ec);
  void move_write_deadline(deadline until, std::error_code& ec);
  [[nodiscard]] bool close_now() noexcept;
  [[noreturn]] static void fail(const std::error_code& ec, const char* call);

  weft::detail::owned<detail::byte_lane, detail::drop_reader> in_;
  weft::detail::owned<detail::byte_lane, detail::drop_writer> out_;
};

struct pipe_options {
  std::size_t buffer_size = 64 * 1024;  // bytes in each direction; 0: the default
};

// What one writes the other reads. Never parks; may be called anywhere, also outside a runtime. Throws std::bad_alloc.
[[nodiscard]] std::pair<pipe_stream, pipe_stream> pipe(const pipe_options& options = {});

}  // namespace weft::net

#pragma GCC visibility pop
