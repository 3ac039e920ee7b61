#pragma once
// Room: netpoll. Files on a disk, in blocking style.
//
//   auto log = net::file::open("server.log", net::open_flags::write_only | net::open_flags::create |
//                                                net::open_flags::append);
//   log.write_all("started\n");
//   log.data_sync();
//
//   auto data = net::file::open("blocks.bin", net::open_flags::read_write);
//   char block[4096];
//   if (data.read_at(block, 7 * sizeof(block)) < sizeof(block)) throw std::runtime_error("it ends in block 7");
//   data.write_at(block, 8 * sizeof(block));
//
//   std::string all = net::read_file("/etc/hostname");
//
// To a socket, without a buffer of one's own: net::copy (copy_file.hpp).
// What it costs. A read that the system's page cache can answer is answered at once, on the worker, and at most 64 KiB
// are written there: into the page cache, as a rule. If that takes long, other fibers run meanwhile, and the next ones
// are written elsewhere. All else may wait for a disk, and goes through weft::blocking: the fiber parks, a helper
// thread waits. So do open, sync, stat.
// Waiting. Every call that may wait is a cancellation point as it begins (weft::cancelled, also from the forms with an
// error_code). Once begun it is waited for, and neither cancelled, nor closed under: a disk answers. No deadlines.
// close() from another fiber is told to calls that begin after it (std::errc::bad_file_descriptor); the system's
// descriptor is closed when the last one has ended.
// Threads. All calls at any time, but moving and destroying, which are the owner's, when nobody is inside another call.
// Calls at positions do not disturb each other; those in sequence (read_some, write_all, seek) share the file's one
// position. On a plain thread, and without a runtime, they simply block.
// Errors. The plain forms throw std::system_error, whose what() names the path. Those with a trailing error_code set
// it, or clear it, and return what had been transferred by then.
// Not for FIFOs, terminals and sockets: descriptor_stream.hpp.
// Next: descriptor_stream.hpp, runtime/blocking.hpp.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <weft/netpoll/buffers.hpp>
#include <weft/netpoll/detail/descriptor.hpp>
#include <weft/runtime/detail/chrono.hpp>

namespace weft::net::detail {
struct file_access;  // for copies (copy_file.hpp)
}

#pragma GCC visibility push(default)

namespace weft::net {

// To be joined by |; one of the first three, at least.
enum class open_flags : unsigned {
  read_only = 1,
  write_only = 2,
  read_write = read_only | write_only,
  append = 4,      // each write goes to the end, also those at a position (on Linux)
  create = 8,      // made, if there is none
  exclusive = 16,  // with create: std::errc::file_exists if there is one
  truncate = 32,   // emptied
};
[[nodiscard]] constexpr open_flags operator|(open_flags a, open_flags b) noexcept {
  return static_cast<open_flags>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

struct file_status {
  std::uint64_t size = 0;                          // bytes
  std::uint32_t mode = 0;                          // type and permissions, as in stat(2): S_ISDIR(mode)
  std::chrono::system_clock::time_point modified;  // to what the clock counts in; the disk may know less
};

class file {
 public:
  // No file: every operation is std::errc::bad_file_descriptor. So is one that was moved from.
  file() noexcept = default;
  file(file&&) noexcept = default;
  file& operator=(file&&) noexcept = default;

  // `permissions` of a file that is made: less those of the umask. Closed by exec, like all descriptors of weft.
  [[nodiscard]] static file open(std::string path, open_flags flags = open_flags::read_only,
                                 unsigned permissions = 0666);
  [[nodiscard]] static file open(std::string path, open_flags flags, std::error_code& ec);
  [[nodiscard]] static file open(std::string path, open_flags flags, unsigned permissions, std::error_code& ec);

  // --- At a position, in bytes from the beginning.

  // Fills the buffer; fewer bytes are returned at the end of the file alone.
  template <detail::mutable_byte_range Buffer>
  std::size_t read_at(Buffer&& buffer, std::uint64_t position) {
    return or_throw("read_at", [&](std::error_code& ec) { return read_at(buffer, position, ec); });
  }
  template <detail::mutable_byte_range Buffer>
  std::size_t read_at(Buffer&& buffer, std::uint64_t position, std::error_code& ec) {
    return read_whole(detail::writable_bytes_of(buffer), position, ec);
  }

  // The whole buffer. Past the end of the file the file grows, with a hole between.
  template <detail::byte_range Buffer>
  void write_at(Buffer&& buffer, std::uint64_t position) {
    or_throw("write_at", [&](std::error_code& ec) { return write_at(buffer, position, ec); });
  }
  template <detail::byte_range Buffer>
  std::size_t write_at(Buffer&& buffer, std::uint64_t position, std::error_code& ec) {
    return write_whole(detail::bytes_of(buffer), position, ec);
  }
  void write_at(std::string_view text, std::uint64_t position);
  std::size_t write_at(std::string_view text, std::uint64_t position, std::error_code& ec);

  // --- In sequence, from and to where the last one ended.

  // At least one byte, at most what the buffer holds; 0 at the end of the file, or for an empty buffer.
  template <detail::mutable_byte_range Buffer>
  std::size_t read_some(Buffer&& buffer) {
    return or_throw("read_some", [&](std::error_code& ec) { return read_some(buffer, ec); });
  }
  template <detail::mutable_byte_range Buffer>
  std::size_t read_some(Buffer&& buffer, std::error_code& ec) {
    return read_next(detail::writable_bytes_of(buffer), ec);
  }

  template <detail::byte_range Buffer>
  void write_all(Buffer&& buffer) {
    or_throw("write_all", [&](std::error_code& ec) { return write_all(buffer, ec); });
  }
  template <detail::byte_range Buffer>
  std::size_t write_all(Buffer&& buffer, std::error_code& ec) {
    return write_next(detail::bytes_of(buffer), ec);
  }
  void write_all(std::string_view text);
  std::size_t write_all(std::string_view text, std::error_code& ec);

  // Where the next read or write in sequence begins. Does not park.
  void seek(std::uint64_t position);
  void seek(std::uint64_t position, std::error_code& ec);

  // --- The file as a whole.

  // Returns when what was written is on the disk, as far as the system can tell: data_sync with what is needed to find
  // it (its size), sync with all that is known of it (when it was modified).
  void sync();
  void sync(std::error_code& ec);
  void data_sync();
  void data_sync(std::error_code& ec);

  // Cuts it, or grows it by zeros.
  void truncate(std::uint64_t size);
  void truncate(std::uint64_t size, std::error_code& ec);

  [[nodiscard]] file_status stat() const;
  [[nodiscard]] file_status stat(std::error_code& ec) const;
  [[nodiscard]] std::uint64_t size() const { return stat().size; }

  // As it was opened.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] bool is_open() const noexcept { return native_handle() >= 0; }

  // The system's descriptor, still owned by the file; -1 if there is none.
  [[nodiscard]] int native_handle() const noexcept { return descriptor_.native_handle(); }

  // Does not park. The plain form may be called again and does nothing then. An error of the disk that the system
  // tells only as it closes is told by nobody: who must know calls sync.
  void close() noexcept { static_cast<void>(descriptor_.close()); }
  void close(std::error_code& ec) noexcept {
    ec = descriptor_.close() ? std::error_code() : std::make_error_code(std::errc::bad_file_descriptor);
  }

 private:
  template <class Call>
  auto or_throw(const char* name, Call call) {
    std::error_code ec;
    auto result = call(ec);
    if (ec) fail(ec, name);
    return result;
  }

  std::size_t read_whole(std::span<std::byte> buffer, std::uint64_t position, std::error_code& ec);
  std::size_t write_whole(std::span<const std::byte> data, std::uint64_t position, std::error_code& ec);
  std::size_t read_next(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t write_next(std::span<const std::byte> data, std::error_code& ec);
  [[noreturn]] void fail(const std::error_code& ec, const char* call) const;

  friend struct detail::file_access;

  detail::descriptor descriptor_;
  std::string path_;
};

// All that is in a file. If it has more than `limit` bytes: std::errc::file_too_large.
[[nodiscard]] std::string read_file(const std::string& path, std::size_t limit = std::size_t{1} << 30);

// Makes the file what `data` says, and makes one if there is none. Others may see it half written: who minds writes
// another file and renames it.
void write_file(const std::string& path, std::string_view data);

}  // namespace weft::net

#pragma GCC visibility pop
