#pragma once
// Room: netpoll. What child_watch_bsd.cpp needs of libkqueue, the emulation of kqueue that tests run on: no kqueue of
// its is readable, whatever stands in it, for its number is a pipe's. The epoll behind it is. Not for releases.

#include <sys/types.h>

#include "syscalls.hpp"
#include "unique_fd.hpp"

namespace weft::net::detail {

#if defined(WEFT_KQUEUE_IS_EMULATED)

// A descriptor that is readable as the kqueue should be, which lives until the child has been reaped; and from then on,
// if it or a duplicate of it is `watch`.
[[nodiscard]] opened readable_as(unique_fd& kqueue, pid_t pid) noexcept;
void note_reaped(pid_t pid, int watch) noexcept;

#else

inline opened readable_as(unique_fd& kqueue, pid_t) noexcept { return {kqueue.release(), {}}; }
inline void note_reaped(pid_t, int) noexcept {}

#endif

}  // namespace weft::net::detail
