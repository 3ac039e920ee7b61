#pragma once
// Room: netpoll. How the end of a child is waited for: by a descriptor that is readable from then on. On Linux a pidfd
// (child_watch_linux.cpp); elsewhere a kqueue (child_watch_bsd.cpp). See syscalls.hpp for what all wrappers keep to.

#include <system_error>

#include <sys/types.h>

#include "syscalls.hpp"

namespace weft::net::detail {

// Of a child that nobody has reaped yet. std::errc::no_such_process: somebody has.
[[nodiscard]] opened open_child_watch(pid_t pid) noexcept;

struct reaped {
  bool is_over = false;
  int code = -1;   // of exit; -1: ended by a signal
  int signal = 0;  // that ended it
  bool core_dumped = false;
  std::error_code error;  // over, and its status is not to be had: std::errc::no_child_process
};
// Never blocks.
[[nodiscard]] reaped reap_child(pid_t pid, int watch) noexcept;

// Blocks until it is over, and leaves it to be reaped.
void await_over(pid_t pid, int watch) noexcept;

// To a child that nobody has reaped yet; `group`: to all of the group that it leads.
[[nodiscard]] std::error_code signal_child(pid_t pid, int watch, int signal, bool group) noexcept;

}  // namespace weft::net::detail
