// Room: posix. close: what is known of a number is forgotten, and who waits there is woken.

#include <weft/posix.hpp>

#include <weft/netpoll/detail/foreign_wait.hpp>

#include "descriptor_kind.hpp"
#include "real.hpp"
#include "unblocked.hpp"

namespace weft::posix {

namespace {
constinit weft::detail::internal_lock g_flag_locks[64];
}

weft::detail::internal_lock& lock_of_flags(int fd) noexcept { return g_flag_locks[static_cast<unsigned>(fd) % 64]; }

// Who begins to wait between the two looks has waited for what is closed by now: it is sent to try again.
int close(int fd) noexcept {
  weft::net::detail::close_foreign(fd);
  forget_way(fd);
  const int result = real().close(fd);
  weft::net::detail::forget_foreign(fd);
  return result;
}

}  // namespace weft::posix
