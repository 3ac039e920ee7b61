// std_shim, interpose: waits for several descriptors.

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "exports.hpp"
#include "gate.hpp"

using namespace weft::interpose;
namespace posix = weft::posix;

WEFT_TAKES int poll(pollfd* fds, nfds_t count, int milliseconds) {
  return pass(taken::poll, WEFT_CALLER, posix::poll, real().poll, fds, count, milliseconds);
}
WEFT_TAKES int ppoll(pollfd* fds, nfds_t count, const timespec* length, const sigset_t* mask) {
  return pass(taken::ppoll, WEFT_CALLER, posix::ppoll, real().ppoll, fds, count, length, mask);
}
WEFT_TAKES int select(int count, fd_set* readable, fd_set* writable, fd_set* urgent, timeval* length) {
  return pass(taken::select, WEFT_CALLER, posix::select, real().select, count, readable, writable, urgent, length);
}
WEFT_TAKES int pselect(int count, fd_set* readable, fd_set* writable, fd_set* urgent, const timespec* length,
                       const sigset_t* mask) {
  return pass(taken::pselect, WEFT_CALLER, posix::pselect, real().pselect, count, readable, writable, urgent, length,
              mask);
}
WEFT_ALSO(__poll, poll);
WEFT_ALSO(__select, select);

WEFT_TAKES int epoll_wait(int epoll, epoll_event* events, int room, int milliseconds) {
  return pass(taken::epoll_wait, WEFT_CALLER, posix::epoll_wait, real().epoll_wait, epoll, events, room, milliseconds);
}
WEFT_TAKES int epoll_pwait(int epoll, epoll_event* events, int room, int milliseconds, const sigset_t* mask) {
  return pass(taken::epoll_pwait, WEFT_CALLER, posix::epoll_pwait, real().epoll_pwait, epoll, events, room,
              milliseconds, mask);
}
WEFT_TAKES int epoll_pwait2(int epoll, epoll_event* events, int room, const timespec* length, const sigset_t* mask) {
  return pass(taken::epoll_pwait2, WEFT_CALLER, posix::epoll_pwait2, real().epoll_pwait2, epoll, events, room, length,
              mask);
}

WEFT_TAKES int __poll_chk(pollfd* fds, nfds_t count, int milliseconds, size_t room) {
  if (count > room / sizeof *fds) return real().__poll_chk(fds, count, milliseconds, room);
  return pass(taken::__poll_chk, WEFT_CALLER, posix::poll, real().poll, fds, count, milliseconds);
}
WEFT_TAKES int __ppoll_chk(pollfd* fds, nfds_t count, const timespec* length, const sigset_t* mask, size_t room) {
  if (count > room / sizeof *fds) return real().__ppoll_chk(fds, count, length, mask, room);
  return pass(taken::__ppoll_chk, WEFT_CALLER, posix::ppoll, real().ppoll, fds, count, length, mask);
}
