// Room: netpoll. See splicing.hpp.

#include "splicing.hpp"

#include <weft/runtime/cancellation.hpp>

#include "direction_use.hpp"
#include "splice_pipes.hpp"
#include "stream_io.hpp"

namespace weft::net::detail {

namespace {

constexpr const char* k_call = "copy";

// Waits without a pipe, as read_chunk without a buffer. False: there is no pipe to be had, or not for these sockets.
bool splice_in(const descriptor& from, lent_pipe& pipe, std::size_t& size, std::error_code& ec) {
  direction_use use(from, direction::read, k_call, "copy read");
  if ((ec = use.error())) return true;
  bool is_possible = true;
  size = read_when_ready(use, ec, [&](int fd) {
    is_possible = !pipe.take();
    if (!is_possible) return transferred();
    const transferred got = pipe.fill_from(fd);
    if (got.would_block) pipe.drop();
    return got;
  });
  if (is_unspliceable(ec)) is_possible = false;
  return is_possible;
}

void splice_out(const descriptor& to, lent_pipe& pipe, std::size_t& written, std::error_code& ec) {
  direction_use use(to, direction::write, k_call, "copy write");
  ec = use.error();
  while (!ec && pipe.filled() != 0) {
    const std::size_t n = write_when_ready(use, ec, [&pipe](int fd) { return pipe.drain_to(fd); });
    written += n;
    if (n == 0 && !ec) ec = std::make_error_code(std::errc::broken_pipe);
    if (!ec && pipe.filled() != 0) weft::detail::cancellation_point();  // each is an operation
  }
}

}  // namespace

spliced splice_piece(const descriptor& from, const descriptor& to, copied_piece& piece, std::error_code& ec) {
  lent_pipe pipe;
  if (!splice_in(from, pipe, piece.read, ec)) {
    ec.clear();
    return spliced::impossible;
  }
  if (piece.read != 0) splice_out(to, pipe, piece.written, ec);
  if (ec || piece.read == 0) weft::detail::cancellation_point();  // "Ending together" (cancellation.hpp)
  return spliced::done;
}

std::size_t pipes_at_rest() noexcept { return idle_splice_pipes.warm(); }

}  // namespace weft::net::detail
