// Room: posix. poll: a look that does not wait, then a wait for all of them, and a look again.

#include <weft/posix.hpp>

#include <chrono>

#include "patience.hpp"
#include "real.hpp"
#include "several.hpp"

namespace weft::posix {

int poll(pollfd* fds, nfds_t count, int milliseconds) noexcept {
  if (milliseconds == 0 || !enter()) return real().poll(fds, count, milliseconds);
  const int found = real().poll(fds, count, 0);
  if (found != 0) return found;
  if (!can_park()) return real().poll(fds, count, milliseconds);
  const deadline until = milliseconds < 0
                             ? deadline::never()
                             : deadline::after(weft::detail::now(), std::chrono::milliseconds(milliseconds));
  several waits(count);
  for (nfds_t i = 0; i < count; ++i) waits.add(fds[i].fd, static_cast<std::uint16_t>(fds[i].events));
  return waits.until_found(until, "posix poll", [&] { return real().poll(fds, count, 0); });
}

}  // namespace weft::posix
