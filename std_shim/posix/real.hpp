#pragma once
// Room: posix. libc's own functions. A library that takes libc's names (so that programs need not say weft::posix)
// would be called by its own calls: who works for it calls libc by this table. Its users are this room and such a
// library alone.
//
// Filled as the program is loaded, or by the first call before that: with a sanitizer's own, if the program has one.
// Else a name is looked up behind us, where libc's is, or another preloaded library's; if that finds the one that takes
// libc's names, in libc itself.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

// glibc's headers have them from 2.34 on.
extern "C" {
int close_range(unsigned first, unsigned last, int flags) noexcept;
void closefrom(int first) noexcept;
}

namespace weft::posix {

// clang-format off
#define WEFT_REAL_NAMES(NAME)                                                                                         \
  NAME(read) NAME(write) NAME(readv) NAME(writev) NAME(preadv2) NAME(pwritev2) NAME(recv) NAME(recvfrom)              \
  NAME(recvmsg) NAME(send) NAME(sendto) NAME(sendmsg) NAME(accept4) NAME(connect) NAME(poll) NAME(nanosleep)          \
  NAME(close) NAME(pread) NAME(pwrite) NAME(ppoll) NAME(select) NAME(pselect) NAME(epoll_wait)                        \
  NAME(epoll_pwait) NAME(clock_nanosleep) NAME(usleep) NAME(sleep) NAME(dup2) NAME(dup3) NAME(fsync)                  \
  NAME(fdatasync) NAME(flock) NAME(wait4) NAME(tcdrain) NAME(getaddrinfo) NAME(getnameinfo) NAME(preadv)              \
  NAME(pwritev) NAME(recvmmsg) NAME(sendmmsg) NAME(sendfile) NAME(splice) NAME(epoll_pwait2)                          \
  NAME(gethostbyname) NAME(gethostbyname2) NAME(gethostbyaddr) NAME(gethostbyname_r) NAME(gethostbyname2_r)           \
  NAME(gethostbyaddr_r) NAME(system) NAME(popen) NAME(pclose) NAME(sigtimedwait) NAME(waitid)             \
  NAME(close_range) NAME(closefrom) NAME(fcntl)
// clang-format on

struct real_table {
#define WEFT_REAL_MEMBER(name) decltype(&::name) name;
  WEFT_REAL_NAMES(WEFT_REAL_MEMBER)
#undef WEFT_REAL_MEMBER
};

// Zero until it is filled.
extern constinit real_table g_real;
void fill_real() noexcept;

[[nodiscard]] inline const real_table& real() noexcept {
  if (g_real.fcntl == nullptr) [[unlikely]]  // the last one that is filled in
    fill_real();
  return g_real;
}

}  // namespace weft::posix
