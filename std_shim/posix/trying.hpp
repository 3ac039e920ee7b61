#pragma once
// Room: posix. One try of a read or a write of several buffers, that does not block whatever the descriptor is.

#include <sys/uio.h>

#include "descriptor_kind.hpp"

namespace weft::posix {

// Whether the last error says that the descriptor does not know that flag.
[[nodiscard]] bool is_flag_unknown() noexcept;

// EAGAIN: it would block, or (a file) has to be done on a helper thread. `offset`: -1 is the descriptor's own position.
[[nodiscard]] ssize_t try_in(int fd, const iovec* parts, int count, off_t offset) noexcept;
[[nodiscard]] ssize_t try_out(int fd, const iovec* parts, int count, off_t offset) noexcept;

[[nodiscard]] inline bool is_on_disk(way by) noexcept { return by >= way::storage; }

}  // namespace weft::posix
