#pragma once
// std_shim, interpose: errno. It is the thread's, and fibers that run on it one after the other all have it: that is no
// race, though the race detector, to which each fiber is a thread, would say so. Not inlined, so that its address is
// not kept over a park.

#include <cerrno>

namespace weft::interpose {

__attribute__((noinline, no_sanitize("thread"))) inline int last_error() noexcept {
  int error = errno;
  __asm__ __volatile__("" : "+r"(error));
  return error;
}

__attribute__((noinline, no_sanitize("thread"))) inline void set_error(int error) noexcept { errno = error; }

}  // namespace weft::interpose
