#pragma once
// Room: netpoll. From a file to a stream.
//
//   auto page = net::file::open("index.html");
//   net::copy(page, conn);                            // from where the file stands to its end
//   const net::file_range part{.position = 100, .size = 50};
//   net::copy(page, conn, part);                      // an answer to "Range: bytes=100-149"
//
// Returns how many bytes `to` has taken: fewer than were asked for where the file ends, also if it shrinks meanwhile.
// `to` is a stream of any kind, and stays open for writing. If it is a socket, also inside an any_stream, all but small
// files go to it without passing through this process (sendfile; Linux). Otherwise they pass through a buffer that is
// borrowed meanwhile, as by read_chunk().
// The form without a range moves the file's position, by as much as `to` has taken; nobody else should read in sequence
// meanwhile. The one with a range neither looks at it nor moves it, and as many as one likes may run at once.
// Who changes the file meanwhile changes what is sent, also of what `to` has taken and the network not yet.
//
// Waiting. What is not in the page cache is fetched, and then sent, on a helper thread (runtime/blocking.hpp): no
// worker waits for the disk. The waits for `to` are those of its write_all: its write deadline ends them with
// std::errc::timed_out, its close() from another fiber with std::errc::operation_canceled; close() of the file does the
// same before the next piece (1 MiB at most). It is a cancellation point before each piece, and while it waits for
// `to`; then the position may be less than what `to` has taken, by 16 KiB at most.
// The plain forms throw std::system_error, whose what() names the file. Those with an error_code set it, or clear it,
// and say how many bytes `to` has taken by then.
// Next: file.hpp, copy.hpp.

#include <concepts>
#include <cstdint>
#include <system_error>

#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/file.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

// In bytes. By itself: the whole file.
struct file_range {
  std::uint64_t position = 0;
  std::uint64_t size = ~std::uint64_t{0};
};

namespace detail {

// No part: from the file's position.
std::uint64_t copy_file(file& from, stream_behind& to, const file_range* part, std::error_code& ec);
[[noreturn]] void fail_copy_file(const file& from, const std::error_code& ec);

}  // namespace detail

template <class To>
  requires std::derived_from<To, byte_stream<To>> std::uint64_t copy(file& from, To& to, std::error_code& ec) {
    detail::held_stream<To&> sink(to);
    return detail::copy_file(from, sink, nullptr, ec);
  }

template <class To>
  requires std::derived_from<To, byte_stream<To>> std::uint64_t copy(file& from, To& to) {
    std::error_code ec;
    const std::uint64_t copied = net::copy(from, to, ec);
    if (ec) detail::fail_copy_file(from, ec);
    return copied;
  }

template <class To>
  requires std::derived_from<To, byte_stream<To>> std::uint64_t copy(file& from, To& to, const file_range& part,
                                                                     std::error_code& ec) {
    detail::held_stream<To&> sink(to);
    return detail::copy_file(from, sink, &part, ec);
  }

template <class To>
  requires std::derived_from<To, byte_stream<To>> std::uint64_t copy(file& from, To& to, const file_range& part) {
    std::error_code ec;
    const std::uint64_t copied = net::copy(from, to, part, ec);
    if (ec) detail::fail_copy_file(from, ec);
    return copied;
  }

}  // namespace weft::net

#pragma GCC visibility pop
