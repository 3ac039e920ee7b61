#pragma once
// Room: netpoll. The one loop of every read and write: wait until the call is worth trying, try, and learn from it.

#include <cstddef>
#include <span>
#include <system_error>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>

#include "direction_use.hpp"
#include "syscalls.hpp"

namespace weft::net::detail {

// `call` makes the system call. Returns the bytes read, 0 at the end of the stream; or 0 with an error.
template <class Call>
std::size_t read_when_ready(direction_use& use, std::error_code& ec, Call call) {
  for (;;) {
    if ((ec = use.await_ready())) return 0;
    const transferred got = call(use.fd());
    if (got.would_block) {
      use.note_would_block();
      continue;
    }
    // At the end of the stream every further read is worth trying: it says so again.
    if (got.drained && got.count != 0) use.note_drained();
    ec = got.error;
    return got.count;
  }
}

// The same until the buffer is full; `call` is given what of it is left. net::errc::end_of_stream if it cannot be.
template <class Call>
std::size_t fill_when_ready(direction_use& use, std::span<std::byte> buffer, std::error_code& ec, Call call) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const std::size_t n = read_when_ready(use, ec, [&](int fd) { return call(fd, buffer.subspan(filled)); });
    if (n == 0 && !ec) ec = errc::end_of_stream;
    if (ec) break;
    filled += n;
    // Each piece is an operation: while the peer keeps up nothing else here is a switch point.
    if (filled < buffer.size()) weft::detail::cancellation_point();
  }
  return filled;
}

// As read_when_ready, for writing. A short write says little about the next one, so that only EAGAIN makes it wait.
template <class Call>
std::size_t write_when_ready(direction_use& use, std::error_code& ec, Call call) {
  for (;;) {
    if ((ec = use.await_ready())) return 0;
    const transferred put = call(use.fd());
    if (put.would_block) {
      use.note_would_block();
      continue;
    }
    ec = put.error;
    return put.count;
  }
}

}  // namespace weft::net::detail
