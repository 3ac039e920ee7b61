// Room: netpoll. See peer_calls.hpp. SO_PEERCRED.

#include "peer_calls.hpp"

#include "calling.hpp"

namespace weft::net::detail {

peer_identity peer_identity_of(int fd, std::error_code& ec) noexcept {
  ucred found{};
  socklen_t size = sizeof(found);
  ec = outcome([&] { return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &found, &size); });
  if (ec) return {};
  return {found.pid, found.uid, found.gid};
}

}  // namespace weft::net::detail
