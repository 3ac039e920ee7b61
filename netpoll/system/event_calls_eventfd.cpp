// Room: netpoll. See syscalls.hpp, "Events". On Linux and FreeBSD.

#include <sys/eventfd.h>

#include "calling.hpp"
#include "syscalls.hpp"

namespace weft::net::detail {

opened_event open_event() noexcept {
  const opened made = open_with([] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
  return {made.fd, made.fd, made.error};
}

void close_raised_end(const opened_event&) noexcept {}

// Each write is an edge, and there is room for 2^64 - 2 of them.
void drain_event(int) noexcept {}

}  // namespace weft::net::detail
