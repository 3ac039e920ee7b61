#pragma once
// Room: netpoll. The numbers that a poller has for itself. The program never made them, so whoever closes "all that is
// open from 3 on" as it begins does not mean them, and would take the poller from all its fibers.

#include <weft/runtime/detail/require_cpp20.hpp>

#pragma GCC visibility push(default)

namespace weft::net::detail {

// The lowest number of ours from `from` on, -1 if there is none. Any thread. In a child of fork none is ours.
[[nodiscard]] int next_own_number(unsigned from) noexcept;

[[nodiscard]] inline bool is_own_number(int fd) noexcept {
  return fd >= 0 && next_own_number(static_cast<unsigned>(fd)) == fd;
}

// By who has just made it, and by who is about to close it.
void keep_own_number(int fd) noexcept;
void give_up_own_number(int fd) noexcept;

}  // namespace weft::net::detail

#pragma GCC visibility pop
