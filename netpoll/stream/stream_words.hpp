#pragma once
// Room: netpoll. How errors and dumps call the operations of one kind of stream: string literals.

#include <weft/runtime/park.hpp>

namespace weft::net::detail {

struct stream_words {
  const char* type;  // "tcp_stream"
  const char* read_some;
  const char* read_exactly;
  const char* write_all;
  const char* write_some;
  weft::detail::wait_label reading;  // "tcp read"
  weft::detail::wait_label writing;
  const char* read_chunk = "read_chunk";
};

}  // namespace weft::net::detail
