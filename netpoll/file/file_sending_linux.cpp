// Room: netpoll. See file_sending.hpp. Where the bytes are not in memory sendfile waits for the disk, with whatever
// flags: so it is asked first whether they are, and otherwise a helper thread waits. Why so: README.md of this floor.

#include "file_sending.hpp"

#include <weft/runtime/blocking.hpp>
#include <weft/runtime/cancellation.hpp>

#include "direction_use.hpp"
#include "send_file_calls.hpp"
#include "stream_io.hpp"

namespace weft::net::detail {

namespace {

transferred send_wherever(int socket, int file, std::int64_t position, std::size_t most) {
  const auto send = [=] { return send_file(socket, file, position, most); };
  return is_in_page_cache(file, position, most) ? send() : weft::blocking(send);
}

void send_when_ready(int file, const descriptor& to, std::int64_t position, std::size_t most, std::size_t& sent,
                     std::error_code& ec) {
  direction_use use(to, direction::write, "copy", "copy write");
  if ((ec = use.error())) return;
  sent = write_when_ready(use, ec, [=](int socket) { return send_wherever(socket, file, position, most); });
}

}  // namespace

piece_sent send_piece(const descriptor& from, const descriptor& to, std::uint64_t position, std::size_t most,
                      std::size_t& sent, std::error_code& ec) {
  const descriptor_use file(from);
  sent = 0;
  if (!(ec = file.error())) send_when_ready(file.fd(), to, static_cast<std::int64_t>(position), most, sent, ec);
  if (is_unsendable(ec)) {
    ec.clear();
    return piece_sent::impossible;
  }
  if (ec) weft::detail::cancellation_point();  // "Ending together" (cancellation.hpp)
  return piece_sent::done;
}

}  // namespace weft::net::detail
