#pragma once
// Room: netpoll. Unix sockets to which no descriptor can be sent (Linux 6.16, SO_PASSRIGHTS). Where a system has none,
// its file says no. See syscalls.hpp for what all wrappers keep to.

namespace weft::net::detail {

// From now on whoever sends descriptors to this socket, or to a connection that it accepts, is refused; what is under
// way comes all the same. False: the system does not do that.
[[nodiscard]] bool refuse_descriptors(int fd) noexcept;

}  // namespace weft::net::detail
