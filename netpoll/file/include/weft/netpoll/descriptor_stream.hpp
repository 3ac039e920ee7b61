#pragma once
// Room: netpoll. Any descriptor of the system as a stream: pipes, FIFOs, terminals, sockets that others opened, and
// what Linux waits for by descriptors (eventfd, timerfd, inotify, signalfd).
//
//   auto in = net::descriptor_stream::borrow(STDIN_FILENO);          // the program's input, which stays open
//   char buf[4096];
//   while (auto n = in.read_some(buf)) consume(std::span(buf, n));
//
//   auto ticks = net::descriptor_stream::adopt(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
//   ::timerfd_settime(ticks.native_handle(), 0, &every_second, nullptr);
//   std::uint64_t passed = 0;                                         // how often, since the last read
//   ticks.read_some(std::as_writable_bytes(std::span(&passed, 1)));
//
//   auto changes = net::descriptor_stream::adopt(::inotify_init1(IN_CLOEXEC));
//   ::inotify_add_watch(changes.native_handle(), "conf.d", IN_CLOSE_WRITE);
//   alignas(inotify_event) char events[4096];
//   const auto n = changes.read_some(events);
//
// Reading, writing, ending and the deadlines are those of every stream: byte_stream.hpp, which also tells who may call
// what, what ends a wait, and the errors.
// Flags. Those of the descriptor stay as they are, O_NONBLOCK above all: it belongs to the open description, which a
// shell, a parent or a child may have as well. So it may be blocking, and calls on it outside weft still are.
// Shared. Others may read the same input, by a descriptor of their own or in another process: what they take we never
// see. Of FIFOs, terminals, inotify and signalfd the system cannot be asked for a byte without waiting; there a read
// looks first. If somebody else takes just then what it saw, the read blocks a thread, which others fill in for, and
// ends with the next byte alone.
// Ending. shutdown_write half-closes a socket and closes what is for writing alone (a pipe's end); of others it is
// std::errc::not_a_socket.
// Refused. A file on a disk, or a directory, never waits: net::errc::not_a_stream (file.hpp reads it). What the system
// does not wait for otherwise (/dev/null) is always ready.
// Next: byte_stream.hpp, file.hpp, process.hpp.

#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include <weft/netpoll/byte_stream.hpp>
#include <weft/netpoll/detail/descriptor.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

class descriptor_stream : public byte_stream<descriptor_stream> {
 public:
  // No descriptor: every operation is std::errc::bad_file_descriptor. So is one that was moved from.
  descriptor_stream() noexcept = default;
  descriptor_stream(descriptor_stream&&) noexcept = default;
  descriptor_stream& operator=(descriptor_stream&&) noexcept = default;

  // Takes `fd` over, and closes it in the end. If that fails it stays the caller's. Requires a runtime
  // (std::logic_error).
  [[nodiscard]] static descriptor_stream adopt(int fd);
  [[nodiscard]] static descriptor_stream adopt(int fd, std::error_code& ec);

  // Leaves `fd` to its owner, who may close it at any time: the stream has a duplicate, with a number of its own.
  [[nodiscard]] static descriptor_stream borrow(int fd);
  [[nodiscard]] static descriptor_stream borrow(int fd, std::error_code& ec);

  [[nodiscard]] bool is_open() const noexcept { return native_handle() >= 0; }

  // The stream's own number; -1 if there is none.
  [[nodiscard]] int native_handle() const noexcept { return descriptor_.native_handle(); }

 private:
  friend class byte_stream<descriptor_stream>;

  explicit descriptor_stream(detail::descriptor watched) noexcept : descriptor_(std::move(watched)) {}

  std::size_t read(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec);
  std::size_t fill(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t write(std::span<const std::byte> buffer, std::error_code& ec);
  std::size_t write_part(std::span<const std::byte> buffer, std::error_code& ec);
  std::size_t write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec);
  void end_writing(std::error_code& ec);
  void move_read_deadline(deadline until, std::error_code& ec) noexcept;
  void move_write_deadline(deadline until, std::error_code& ec) noexcept;
  [[nodiscard]] bool close_now() noexcept { return descriptor_.close(); }
  [[noreturn]] static void fail(const std::error_code& ec, const char* call);

  detail::descriptor descriptor_;
};

}  // namespace weft::net

#pragma GCC visibility pop
