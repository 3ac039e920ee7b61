#pragma once
// Room: netpoll. The loops of receiving and sending datagrams.
//
// When is a socket believed to be empty? A short read proves it of a stream (stream_io.hpp), but a datagram says
// nothing of the next one, and each of a burst that has come before the poller looked raised one edge together with the
// others. So only the call that would block clears readiness; and a batch that was not filled, which has met that very
// answer, unless an error was seen, which stops a batch as well ("doubtful", readiness_word.hpp).

#include <cstddef>
#include <system_error>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/park.hpp>

#include "datagram_calls.hpp"
#include "direction_use.hpp"
#include "shortage.hpp"

namespace weft::net::detail {

// `call` makes the system call. Returns what it returned, without its error.
template <class Call>
auto receive_when_ready(direction_use& use, std::error_code& ec, Call call) {
  for (;;) {
    if ((ec = use.await_ready())) return decltype(call(0))();
    auto got = call(use.fd());
    if (!got.would_block) return ec = got.error, got;
    use.note_would_block();
  }
}

// The same for sending. Without buffers it pauses, longer from try to try, and tries again.
template <class Call>
auto send_when_ready(direction_use& use, weft::detail::wait_label out_of_buffers, std::error_code& ec, Call call) {
  back_off pauses;
  for (;;) {
    if ((ec = use.await_ready())) return decltype(call(0))();
    auto put = call(use.fd());
    if (put.would_block) {
      use.note_would_block();
    } else if (!is_out_of_buffers(put.error)) {
      return ec = put.error, put;
    } else if ((ec = use.pause(pauses.next(), out_of_buffers))) {
      return decltype(call(0))();
    }
  }
}

// "Ending together" (cancellation.hpp): what ended the call may have been the end of its other side.
inline void hear_out(const std::error_code& ec) {
  if (ec) weft::detail::cancellation_point();
}

}  // namespace weft::net::detail
