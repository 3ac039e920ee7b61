#pragma once
// Room: netpoll. The one loop of every read and write: wait until the call is worth trying, try, and learn from it.

#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include <weft/netpoll/chunk.hpp>
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

// The same into a buffer that is borrowed for it. A fresh connection is worth trying, and has nothing: the buffer goes
// back before the wait.
template <class Call>
chunk borrow_when_ready(direction_use& use, std::error_code& ec, Call call) {
  lent_buffer buffer;
  const std::size_t size = read_when_ready(use, ec, [&](int fd) {
    std::error_code none;
    buffer = borrow_buffer(none);
    if (none) return transferred{.error = none};
    const transferred got = call(fd, std::span(buffer.get(), chunk::max_size()));
    if (got.would_block) buffer = {};
    return got;
  });
  return size != 0 ? chunk(std::move(buffer), 0, size) : chunk();
}

// As read_when_ready, until the buffer is full; `call` is given what of it is left. net::errc::end_of_stream if it
// cannot be.
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
