// std_shim, interpose: sockets.

#include <sys/socket.h>

#include "exports.hpp"
#include "gate.hpp"

using namespace weft::interpose;
namespace posix = weft::posix;

WEFT_TAKES ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  return pass(taken::recv, WEFT_CALLER, posix::recv, real().recv, fd, buffer, size, flags);
}
WEFT_TAKES ssize_t recvfrom(int fd, void* buffer, size_t size, int flags, sockaddr* from, socklen_t* from_size) {
  return pass(taken::recvfrom, WEFT_CALLER, posix::recvfrom, real().recvfrom, fd, buffer, size, flags, from, from_size);
}
WEFT_TAKES ssize_t recvmsg(int fd, msghdr* message, int flags) {
  return pass(taken::recvmsg, WEFT_CALLER, posix::recvmsg, real().recvmsg, fd, message, flags);
}
WEFT_TAKES int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* length) {
  return pass(taken::recvmmsg, WEFT_CALLER, posix::recvmmsg, real().recvmmsg, fd, messages, count, flags, length);
}

WEFT_TAKES ssize_t send(int fd, const void* buffer, size_t size, int flags) {
  return pass(taken::send, WEFT_CALLER, posix::send, real().send, fd, buffer, size, flags);
}
WEFT_TAKES ssize_t sendto(int fd, const void* buffer, size_t size, int flags, const sockaddr* to, socklen_t to_size) {
  return pass(taken::sendto, WEFT_CALLER, posix::sendto, real().sendto, fd, buffer, size, flags, to, to_size);
}
WEFT_TAKES ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  return pass(taken::sendmsg, WEFT_CALLER, posix::sendmsg, real().sendmsg, fd, message, flags);
}
WEFT_TAKES int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  return pass(taken::sendmmsg, WEFT_CALLER, posix::sendmmsg, real().sendmmsg, fd, messages, count, flags);
}

WEFT_TAKES int accept(int fd, sockaddr* from, socklen_t* from_size) {
  return pass(taken::accept, WEFT_CALLER, posix::accept, real().accept, fd, from, from_size);
}
WEFT_TAKES int accept4(int fd, sockaddr* from, socklen_t* from_size, int flags) {
  return pass(taken::accept4, WEFT_CALLER, posix::accept4, real().accept4, fd, from, from_size, flags);
}
WEFT_TAKES int connect(int fd, const sockaddr* to, socklen_t to_size) {
  return pass(taken::connect, WEFT_CALLER, posix::connect, real().connect, fd, to, to_size);
}

WEFT_ALSO(__send, send);
WEFT_ALSO(__connect, connect);

WEFT_TAKES ssize_t __recv_chk(int fd, void* buffer, size_t size, size_t room, int flags) {
  if (size > room) return real().__recv_chk(fd, buffer, size, room, flags);
  return pass(taken::__recv_chk, WEFT_CALLER, posix::recv, real().recv, fd, buffer, size, flags);
}
WEFT_TAKES ssize_t __recvfrom_chk(int fd, void* buffer, size_t size, size_t room, int flags, sockaddr* from,
                                  socklen_t* from_size) {
  if (size > room) return real().__recvfrom_chk(fd, buffer, size, room, flags, from, from_size);
  return pass(taken::__recvfrom_chk, WEFT_CALLER, posix::recvfrom, real().recvfrom, fd, buffer, size, flags, from,
              from_size);
}
