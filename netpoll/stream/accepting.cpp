// Room: netpoll. See accepting.hpp.

#include "accepting.hpp"

#include <weft/runtime/cancellation.hpp>

#include "shortage.hpp"
#include "socket_calls.hpp"

namespace weft::net::detail {

namespace {

// Connections that broke before they were accepted. Each is passed over, for the next may be fine; but an error that
// comes back and back is not one connection's (a filter that forbids the call, a network that is down): tries go on at
// once for a while, then with pauses, and then the caller is told.
class broken_in_a_row {
 public:
  // One more. An error: no further try.
  [[nodiscard]] std::error_code pass_over(const std::error_code& why, direction_use& use, const accept_words& words) {
    if (++count_ == k_told) return why;
    if (count_ > k_at_once) return use.pause(back_off_.next(), words.connections_break);
    weft::detail::cancellation_point();  // await_ready is none while the listener is ready
    return {};
  }
  void reset() noexcept { *this = {}; }

 private:
  static constexpr unsigned k_at_once = 8;
  static constexpr unsigned k_told = 16;  // after pauses of 127 ms together
  unsigned count_ = 0;
  back_off back_off_;
};

// The next connection that is whole.
unique_fd next_connection(direction_use& use, const accept_words& words, std::error_code& ec) {
  back_off pauses;
  broken_in_a_row broken;
  for (;;) {
    if ((ec = use.await_ready())) return {};
    const opened got = accept_one(use.fd());
    if (!got.error) return unique_fd(got.fd);
    if (got.error == std::errc::resource_unavailable_try_again) {
      use.note_would_block();
      broken.reset();
    } else if (is_exhaustion(got.error)) {
      // The connection stays in the backlog, and the listener ready.
      ec = use.pause(pauses.next(), words.out_of_descriptors);
    } else {
      ec = is_broken_connection(got.error) ? broken.pass_over(got.error, use, words) : got.error;
    }
    if (ec) return {};
  }
}

}  // namespace

unique_fd accept_next(const descriptor& listening, const accept_words& words, std::error_code& ec) {
  direction_use use(listening, direction::read, words.call, words.waiting);
  if ((ec = use.error())) return {};
  unique_fd connection = next_connection(use, words, ec);
  if (ec) weft::detail::cancellation_point();  // "Ending together", cancellation.hpp
  return connection;
}

}  // namespace weft::net::detail
