#pragma once
// std_shim, interpose: errno and h_errno. They are the thread's, and fibers that run on it one after the other all have
// them: that is no race, though the race detector, to which each fiber is a thread, would say so. Not inlined, so that
// no address is kept over a park.

#include <cerrno>

#include <netdb.h>

namespace weft::interpose {

__attribute__((noinline, no_sanitize("thread"))) inline int last_error() noexcept {
  int error = errno;
  __asm__ __volatile__("" : "+r"(error));
  return error;
}

__attribute__((noinline, no_sanitize("thread"))) inline void set_error(int error) noexcept { errno = error; }

__attribute__((noinline, no_sanitize("thread"))) inline int last_host_error() noexcept {
  int error = h_errno;
  __asm__ __volatile__("" : "+r"(error));
  return error;
}

__attribute__((noinline, no_sanitize("thread"))) inline void set_host_error(int error) noexcept { h_errno = error; }

}  // namespace weft::interpose
