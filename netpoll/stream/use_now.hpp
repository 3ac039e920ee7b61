#pragma once
// Room: netpoll. A call on a descriptor that neither waits nor holds a direction.

#include <system_error>

#include "direction_use.hpp"

namespace weft::net::detail {

template <class Call>
auto use_now(const descriptor& of, std::error_code& ec, Call call) {
  const descriptor_use use(of);
  if ((ec = use.error())) return decltype(call(0))();
  return call(use.fd());
}

}  // namespace weft::net::detail
