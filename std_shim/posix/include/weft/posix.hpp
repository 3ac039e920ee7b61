#pragma once
// Room: posix. libc's calls that wait, in libc's own shape, for code that was never written for fibers: inside a fiber
// they park it instead of blocking its thread. Linux alone, and not in the umbrella header.
//
//   int fd = ::socket(AF_INET, SOCK_STREAM, 0);
//   if (weft::posix::connect(fd, where, size) < 0) return weft::posix::last_error();
//   char buffer[512];
//   ssize_t n = weft::posix::read(fd, buffer, sizeof(buffer));   // other fibers run meanwhile
//
// Each does what libc's function of that name does: results, errors in errno, SIGPIPE, EINTR of a real signal,
// SO_RCVTIMEO and SO_SNDTIMEO (EAGAIN; EINPROGRESS of connect). None throws. What is different:
// - A descriptor's flags stay as they are; a blocking one is tried without blocking, by means that leave it alone. One
//   that is O_NONBLOCK, or a call with MSG_DONTWAIT, says EAGAIN as ever. accept, connect, sendfile and splice have no
//   such means: for the moment of the call itself the open description is O_NONBLOCK.
// - A fiber that is asked to end gets -1 and ECANCELED from each call that would wait, at once and in the middle of a
//   wait; what was moved before is returned instead. A time limit around it (with_timeout) does the same. connect is
//   then not undone, as after EINTR.
// - close (and dup2 over a number) wakes who waits there in other fibers, with ECANCELED. A number that is closed by
//   libc's own close wakes nobody; who waits for it afterwards, under whatever it then stands for, is served rightly.
// - errno belongs to the thread, and a fiber may come back on another one. A compiler may keep its address over a call:
//   last_error() reads the right one. pin_guard.hpp keeps a fiber on its thread.
// Straight to libc, which blocks: on a plain thread, inside weft::blocking, in a forked child, in a signal handler that
// has a stack of its own (close, dup2, accept and connect are not for handlers), and inside a simulation (but for
// sleeps, which wait in its time).
//
// Any thread; any number of fibers may use one descriptor. Regular files are read out of the page cache if it has the
// answer, and on a helper thread otherwise. At most 64 KiB at once are written to them on the worker itself; if that
// takes long, other fibers run meanwhile, and the next writes are made on helper threads, as all are that are larger or
// have to wait for the disk (O_DIRECT, O_SYNC, O_DSYNC).
// Next: ../../README.md, which call waits in which way; posix_resolver.hpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>

struct addrinfo;
struct hostent;
struct mmsghdr;
struct rusage;

#pragma GCC visibility push(default)

namespace weft::posix {

// errno of the calling thread, now.
[[nodiscard]] int last_error() noexcept;

// --- Bytes. Those of several buffers are libc's readv and its like. A blocking write or send writes all of it.

ssize_t read(int fd, void* buffer, std::size_t size) noexcept;
ssize_t write(int fd, const void* buffer, std::size_t size) noexcept;
ssize_t readv(int fd, const iovec* parts, int count) noexcept;
ssize_t writev(int fd, const iovec* parts, int count) noexcept;

ssize_t pread(int fd, void* buffer, std::size_t size, off_t offset) noexcept;
ssize_t pwrite(int fd, const void* buffer, std::size_t size, off_t offset) noexcept;
ssize_t preadv(int fd, const iovec* parts, int count, off_t offset) noexcept;
ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) noexcept;
// The fiber waits for descriptors that have events; of a file, what is not in memory is read by a helper thread before,
// and sendfile into a file is done by one. splice waits for what comes as well as for room, and says EAGAIN if either
// was O_NONBLOCK, or by SPLICE_F_NONBLOCK.
ssize_t sendfile(int out, int in, off_t* offset, std::size_t count) noexcept;
ssize_t splice(int in, loff_t* in_offset, int out, loff_t* out_offset, std::size_t size, unsigned flags) noexcept;
int fsync(int fd) noexcept;
int fdatasync(int fd) noexcept;
int tcdrain(int fd) noexcept;

// --- Sockets.

ssize_t recv(int fd, void* buffer, std::size_t size, int flags) noexcept;
ssize_t recvfrom(int fd, void* buffer, std::size_t size, int flags, sockaddr* from, socklen_t* from_size) noexcept;
ssize_t recvmsg(int fd, msghdr* message, int flags) noexcept;
ssize_t send(int fd, const void* buffer, std::size_t size, int flags) noexcept;
ssize_t sendto(int fd, const void* buffer, std::size_t size, int flags, const sockaddr* to, socklen_t to_size) noexcept;
ssize_t sendmsg(int fd, const msghdr* message, int flags) noexcept;
// As the kernel's: `length` is looked at when a message has come, and so ends nothing while none comes.
int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* length) noexcept;
int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) noexcept;
int accept(int fd, sockaddr* from, socklen_t* from_size) noexcept;
int accept4(int fd, sockaddr* from, socklen_t* from_size, int flags) noexcept;
int connect(int fd, const sockaddr* to, socklen_t to_size) noexcept;

// --- Several descriptors. Any number of them, of any kind, also such as others wait for.

// A signal mask is in force only where the signal may come, which workers keep away: with one, ppoll, pselect and
// epoll_pwait wait on a helper thread, and are not cancelled there. select refuses more than FD_SETSIZE (EINVAL).

int poll(pollfd* fds, nfds_t count, int milliseconds) noexcept;
int ppoll(pollfd* fds, nfds_t count, const timespec* length, const sigset_t* mask) noexcept;
int select(int count, fd_set* readable, fd_set* writable, fd_set* urgent, timeval* length) noexcept;
int pselect(int count, fd_set* readable, fd_set* writable, fd_set* urgent, const timespec* length,
            const sigset_t* mask) noexcept;
int epoll_wait(int epoll, epoll_event* events, int room, int milliseconds) noexcept;
int epoll_pwait(int epoll, epoll_event* events, int room, int milliseconds, const sigset_t* mask) noexcept;
int epoll_pwait2(int epoll, epoll_event* events, int room, const timespec* length, const sigset_t* mask) noexcept;

// --- Time. clock_nanosleep returns its error, as POSIX's does.

int nanosleep(const timespec* length, timespec* left) noexcept;
int clock_nanosleep(clockid_t clock, int flags, const timespec* length, timespec* left) noexcept;
int usleep(useconds_t microseconds) noexcept;
unsigned sleep(unsigned seconds) noexcept;

// --- Locks of files: asked for again and again, up to 64 ms apart. So a fiber that waits can be asked to end, and two
// processes that wait for each other are not told (EDEADLK). fcntl is libc's for all but F_SETLKW and F_OFD_SETLKW.

int flock(int fd, int operation) noexcept;
int fcntl(int fd, int command, ...) noexcept;

// --- Children. Of one child its end is an event; of any child, a group, or a stop (pid <= 0, WUNTRACED, WCONTINUED) it
// is looked for again and again, up to 64 ms apart.

pid_t waitpid(pid_t pid, int* status, int options) noexcept;
pid_t wait4(pid_t pid, int* status, int options, rusage* used) noexcept;
int waitid(idtype_t kind, id_t id, siginfo_t* what, int options) noexcept;

// --- Names. On a helper thread, which goes on by itself if the fiber is asked to end (EAI_SYSTEM, ECANCELED). What is
// all of numbers is looked up nowhere, and so at once.

int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) noexcept;
// Waited for to its end.
int getnameinfo(const sockaddr* of, socklen_t of_size, char* host, socklen_t host_size, char* service,
                socklen_t service_size, int flags) noexcept;

// The same, but waited for to its end. What those without _r return is libc's own, one for all of the process.
hostent* gethostbyname(const char* name) noexcept;
hostent* gethostbyname2(const char* name, int family) noexcept;
hostent* gethostbyaddr(const void* address, socklen_t size, int family) noexcept;
int gethostbyname_r(const char* name, hostent* answer, char* buffer, std::size_t size, hostent** found,
                    int* error) noexcept;
int gethostbyname2_r(const char* name, int family, hostent* answer, char* buffer, std::size_t size, hostent** found,
                     int* error) noexcept;
int gethostbyaddr_r(const void* address, socklen_t address_size, int family, hostent* answer, char* buffer,
                    std::size_t size, hostent** found, int* error) noexcept;

// --- Commands. On a helper thread, and waited for to the end.

int system(const char* command) noexcept;
FILE* popen(const char* command, const char* mode) noexcept;
int pclose(FILE* stream) noexcept;

// --- Signals, which are to be blocked in every thread, as for libc's: workers take what nobody has blocked.

// Its error, as POSIX's does.
int sigwait(const sigset_t* set, int* number) noexcept;
int sigwaitinfo(const sigset_t* set, siginfo_t* what) noexcept;
int sigtimedwait(const sigset_t* set, siginfo_t* what, const timespec* length) noexcept;

// --- Numbers. What else makes or closes one needs no call of ours. Those that a runtime has for itself (an epoll, an
// event) are none to who closes all that is open: close says EBADF, dup2 onto one EBUSY, and ranges leave them out.

int close(int fd) noexcept;
int dup2(int from, int to) noexcept;
int dup3(int from, int to, int flags) noexcept;
// Costs what is open or known, however large the range is. With CLOSE_RANGE_CLOEXEC nothing is closed, and with
// CLOSE_RANGE_UNSHARE nothing that others have: nobody is woken then.
int close_range(unsigned first, unsigned last, int flags) noexcept;
void closefrom(int first) noexcept;

}  // namespace weft::posix

#pragma GCC visibility pop
