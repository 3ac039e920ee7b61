#pragma once
// Room: netpoll. Who is at the other end of a Unix socket: each family of systems has a call of its own for it. See
// syscalls.hpp for what all wrappers keep to.

#include <system_error>

#include <sys/types.h>

namespace weft::net::detail {

struct peer_identity {
  pid_t process = 0;
  uid_t user = 0;
  gid_t group = 0;
};
[[nodiscard]] peer_identity peer_identity_of(int fd, std::error_code& ec) noexcept;

}  // namespace weft::net::detail
