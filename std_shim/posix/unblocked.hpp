#pragma once
// Room: posix. For calls that have no flag against waiting: the open description is O_NONBLOCK while they run.

#include <cerrno>

#include <fcntl.h>

#include <weft/posix.hpp>
#include <weft/runtime/detail/internal_lock.hpp>

#include "patience.hpp"
#include "real.hpp"

namespace weft::posix {

[[nodiscard]] weft::detail::internal_lock& lock_of_flags(int fd) noexcept;

// Runs `call`, which then does not wait, and keeps its errno. `was_nonblocking`: the caller had it so himself.
template <class Call>
auto unblocked(int fd, bool& was_nonblocking, Call call) noexcept {
  const weft::detail::internal_guard guard(lock_of_flags(fd));
  const int flags = real().fcntl(fd, F_GETFL);
  was_nonblocking = flags >= 0 && (flags & O_NONBLOCK) != 0;
  const bool is_ours = flags >= 0 && !was_nonblocking && real().fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
  const auto result = call();
  if (!is_ours) return result;
  const int error = last_error();
  real().fcntl(fd, F_SETFL, flags);
  set_error(error);
  return result;
}

}  // namespace weft::posix
