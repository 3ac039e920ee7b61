#pragma once
// Room: netpoll. The loop of every accept, whatever the family of the socket: what broke is passed over, and what the
// kernel could not give is tried again. Listeners differ in the words for it alone.

#include <system_error>

#include <weft/runtime/park.hpp>

#include "direction_use.hpp"
#include "unique_fd.hpp"

namespace weft::net::detail {

// What dumps show of one who accepts: string literals.
struct accept_words {
  const char* call;  // "tcp_listener::accept"
  weft::detail::wait_label waiting;
  weft::detail::wait_label out_of_descriptors;
  weft::detail::wait_label connections_break;
};

// Parks until there is a connection that is whole. A cancellation point. Without an error it is one that is open.
[[nodiscard]] unique_fd accept_next(const descriptor& listening, const accept_words& words, std::error_code& ec);

}  // namespace weft::net::detail
