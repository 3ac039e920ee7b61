#pragma once
// std_shim, interpose: names of libc that its headers do not declare, or not for us.
//
// ..._chk is what a program that was built with _FORTIFY_SOURCE calls instead of the plain name, where the compiler
// could not tell that the buffer is large enough: the same with the buffer's size. One that would overflow goes to
// libc's own, which ends the process. __libc_start_main is what calls main. __cxa_guard_acquire is the
// C++ library's, and what a static local calls.

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>

#include <cxxabi.h>

#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <sys/socket.h>
#include <sys/types.h>

// Up to glibc 2.33 these are macros of <resolv.h> for the names with two underlines, which alone it declares.
#undef res_query
#undef res_search
#undef res_querydomain
#undef res_send
#undef res_nquery
#undef res_nsearch
#undef res_nquerydomain
#undef res_nsend

// The guard of a static local, as <cxxabi.h> calls it: libstdc++'s; libc++'s, where it is a number of that size.
#if defined(__GLIBCXX__)
using weft_static_guard = __cxxabiv1::__guard;
#else
using weft_static_guard = std::uint64_t;
#endif

extern "C" {
int close_range(unsigned first, unsigned last, int flags) noexcept;  // from 2.34 on they are declared
void closefrom(int first) noexcept;
ssize_t __read_chk(int fd, void* buffer, std::size_t size, std::size_t room);
ssize_t __pread_chk(int fd, void* buffer, std::size_t size, off_t offset, std::size_t room);
ssize_t __pread64_chk(int fd, void* buffer, std::size_t size, off64_t offset, std::size_t room);
ssize_t __recv_chk(int fd, void* buffer, std::size_t size, std::size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void* buffer, std::size_t size, std::size_t room, int flags, sockaddr* from,
                       socklen_t* from_size);
int __poll_chk(pollfd* fds, nfds_t count, int milliseconds, std::size_t room);
int __cxa_guard_acquire(weft_static_guard* guard);
int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv, void (*init)(), void (*fini)(),
                      void (*loader_fini)(), void* stack_end);
int res_query(const char* name, int of_class, int type, unsigned char* answer, int room) noexcept;
int res_search(const char* name, int of_class, int type, unsigned char* answer, int room) noexcept;
int res_querydomain(const char* name, const char* domain, int of_class, int type, unsigned char* answer,
                    int room) noexcept;
int res_send(const unsigned char* query, int size, unsigned char* answer, int room) noexcept;
int res_nquery(res_state state, const char* name, int of_class, int type, unsigned char* answer, int room) noexcept;
int res_nsearch(res_state state, const char* name, int of_class, int type, unsigned char* answer, int room) noexcept;
int res_nquerydomain(res_state state, const char* name, const char* domain, int of_class, int type,
                     unsigned char* answer, int room) noexcept;
int res_nsend(res_state state, const unsigned char* query, int size, unsigned char* answer, int room) noexcept;
int __ppoll_chk(pollfd* fds, nfds_t count, const timespec* length, const sigset_t* mask, std::size_t room);
}
