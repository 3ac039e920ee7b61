#pragma once
// std_shim, interpose: names of libc that its headers do not declare, or not for us.
//
// ..._chk is what a program that was built with _FORTIFY_SOURCE calls instead of the plain name, where the compiler
// could not tell that the buffer is large enough: the same with the buffer's size. One that would overflow goes to
// libc's own, which ends the process. __libc_start_main is what calls main. __cxa_guard_acquire is
// libstdc++'s, and what a static local calls.

#include <csignal>
#include <cstddef>
#include <ctime>

#include <cxxabi.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

extern "C" {
ssize_t __read_chk(int fd, void* buffer, std::size_t size, std::size_t room);
ssize_t __pread_chk(int fd, void* buffer, std::size_t size, off_t offset, std::size_t room);
ssize_t __pread64_chk(int fd, void* buffer, std::size_t size, off64_t offset, std::size_t room);
ssize_t __recv_chk(int fd, void* buffer, std::size_t size, std::size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void* buffer, std::size_t size, std::size_t room, int flags, sockaddr* from,
                       socklen_t* from_size);
int __poll_chk(pollfd* fds, nfds_t count, int milliseconds, std::size_t room);
int __cxa_guard_acquire(__cxxabiv1::__guard* guard);
int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv, void (*init)(), void (*fini)(),
                      void (*loader_fini)(), void* stack_end);
int __ppoll_chk(pollfd* fds, nfds_t count, const timespec* length, const sigset_t* mask, std::size_t room);
}
