// Room: netpoll. See splicing.hpp. macOS and FreeBSD: no call moves bytes from socket to socket, so that a copy goes
// through buffers.

#include "splicing.hpp"

namespace weft::net::detail {

spliced splice_piece(const descriptor&, const descriptor&, copied_piece&, std::error_code& ec) {
  ec.clear();
  return spliced::impossible;
}

std::size_t pipes_at_rest() noexcept { return 0; }

}  // namespace weft::net::detail
