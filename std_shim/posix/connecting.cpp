// Room: posix. accept and connect, which no flag keeps from waiting: for the call itself the open description is
// O_NONBLOCK, under a lock of the number, so that of two fibers none gives the flag back under the other's call. Others
// that have the same open description may see it in that moment.

#include <weft/posix.hpp>

#include <cerrno>

#include "descriptor_kind.hpp"
#include "patience.hpp"
#include "real.hpp"
#include "unblocked.hpp"

namespace weft::posix {

namespace {

// Also if it looks as if nobody comes: the kernel has an error to tell then, such as that this is no listener.
int accept_now(int fd, sockaddr* from, socklen_t* from_size, int flags, bool& was_nonblocking) noexcept {
  return unblocked(fd, was_nonblocking, [&] { return real().accept4(fd, from, from_size, flags); });
}

int accept_new(int fd, sockaddr* from, socklen_t* from_size, int flags) noexcept {
  const socklen_t room = from_size != nullptr ? *from_size : 0;
  patience waits(fd, POLLIN, limit::receive, "posix accept");
  for (;;) {
    bool was_nonblocking = false;
    if (from_size != nullptr) *from_size = room;
    const int taken = accept_now(fd, from, from_size, flags, was_nonblocking);
    if (taken >= 0) return forget_way(taken), taken;
    if (last_error() != EAGAIN || was_nonblocking) return taken;
    if (!can_park()) return real().accept4(fd, from, from_size, flags);
    const int refused = waits.wait();
    if (refused != 0) return fail(refused == ETIMEDOUT ? EAGAIN : refused);
  }
}

// What a connect that goes on by itself, or will, has said. EAGAIN: the backlog of a Unix listener is full, and nothing
// has begun.
bool goes_on(int error) noexcept { return error == EINPROGRESS || error == EALREADY || error == EAGAIN; }

}  // namespace

int accept(int fd, sockaddr* from, socklen_t* from_size) noexcept { return posix::accept4(fd, from, from_size, 0); }

int accept4(int fd, sockaddr* from, socklen_t* from_size, int flags) noexcept {
  if (!enter()) return real().accept4(fd, from, from_size, flags);
  return accept_new(fd, from, from_size, flags);
}

int connect(int fd, const sockaddr* to, socklen_t to_size) noexcept {
  if (!enter()) return real().connect(fd, to, to_size);
  patience waits(fd, POLLOUT, limit::send, "posix connect");
  for (int begun = 0;;) {  // what the first try said that began it, or found it begun
    bool was_nonblocking = false;
    const int result = unblocked(fd, was_nonblocking, [&] { return real().connect(fd, to, to_size); });
    const int error = result < 0 ? last_error() : 0;
    if (result == 0 || (error == EISCONN && begun != 0)) return 0;
    if (!goes_on(error) || was_nonblocking) return result;
    if (!can_park()) return real().connect(fd, to, to_size);
    if (begun == 0 && error != EAGAIN) begun = error;
    const int refused = error == EAGAIN ? waits.wait_a_while() : waits.wait();
    if (refused != 0) return fail(refused != ETIMEDOUT ? refused : begun != 0 ? begun : EAGAIN);
  }
}

}  // namespace weft::posix
