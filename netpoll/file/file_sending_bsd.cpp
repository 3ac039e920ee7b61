// Room: netpoll. See file_sending.hpp. macOS and FreeBSD: both have a sendfile, which takes other arguments, and tells
// otherwise how far it came; until it is tried there, files go through buffers.

#include "file_sending.hpp"

namespace weft::net::detail {

piece_sent send_piece(const descriptor&, const descriptor&, std::uint64_t, std::size_t, std::size_t& sent,
                      std::error_code& ec) {
  sent = 0;
  ec.clear();
  return piece_sent::impossible;
}

}  // namespace weft::net::detail
