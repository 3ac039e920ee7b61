#pragma once
// Room: netpoll. How listeners and sockets own the path that they are bound to: one pointer (bound_path.hpp tells what
// is behind it).

#include <weft/runtime/detail/owned.hpp>

namespace weft::net::detail {
class bound_path;
}

#pragma GCC visibility push(default)

namespace weft::net::detail {

struct drop_bound_path {
  void operator()(bound_path* path) const noexcept;
};
using owned_path = weft::detail::owned<bound_path, drop_bound_path>;

}  // namespace weft::net::detail

#pragma GCC visibility pop
