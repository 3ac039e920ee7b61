// Room: netpoll. See syscalls.hpp, "Events". On macOS.

#include <fcntl.h>
#include <unistd.h>

#include "calling.hpp"
#include "syscalls.hpp"

namespace weft::net::detail {

opened_event open_event() noexcept {
  int ends[2] = {-1, -1};
  if (const opened made = open_with([&ends] { return ::pipe(ends); }); made.error) return {-1, -1, made.error};
  for (const int end : ends) {
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
    ::fcntl(end, F_SETFL, O_NONBLOCK);
  }
  return {ends[0], ends[1], {}};
}

void close_raised_end(const opened_event& event) noexcept {
  if (event.raised >= 0) close_descriptor(event.raised);
}

// A full pipe would take no more, and tell of no more.
void drain_event(int fd) noexcept {
  char some[256];
  while (repeat([&] { return ::read(fd, some, sizeof some); }) == static_cast<ssize_t>(sizeof some)) continue;
}

}  // namespace weft::net::detail
