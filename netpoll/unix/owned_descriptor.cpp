// Room: netpoll. See owned_descriptor.hpp.

#include <weft/netpoll/owned_descriptor.hpp>

#include "syscalls.hpp"

namespace weft::net {

void owned_descriptor::reset(int fd) noexcept {
  if (fd_ >= 0) detail::close_descriptor(fd_);
  fd_ = fd;
}

}  // namespace weft::net
