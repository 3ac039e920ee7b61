// std_shim, interpose: what closes a number, whoever does it: fibers that wait there are woken (gate.hpp has who is not
// told). And the locks of files.

#include <cstdarg>

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <unistd.h>

#include "exports.hpp"
#include "gate.hpp"

using namespace weft::interpose;
namespace posix = weft::posix;

namespace {

// A thread that pthread_cancel ends does so before, and not in the middle of it.
class uncancelled {
 public:
  uncancelled() {
    ::pthread_testcancel();
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_);
  }
  ~uncancelled() { ::pthread_setcancelstate(before_, nullptr); }
  uncancelled(const uncancelled&) = delete;
  uncancelled& operator=(const uncancelled&) = delete;

 private:
  int before_ = 0;
};

}  // namespace

WEFT_TAKES int close(int fd) {
  if (closes_in_silence(WEFT_CALLER)) return real().close(fd);
  const uncancelled whole;
  return posix::close(fd);
}
WEFT_TAKES int dup2(int from, int to) noexcept {
  return closes_in_silence(WEFT_CALLER) ? real().dup2(from, to) : posix::dup2(from, to);
}
WEFT_TAKES int dup3(int from, int to, int flags) noexcept {
  return closes_in_silence(WEFT_CALLER) ? real().dup3(from, to, flags) : posix::dup3(from, to, flags);
}
WEFT_TAKES int close_range(unsigned first, unsigned last, int flags) noexcept {
  return closes_in_silence(WEFT_CALLER) ? real().close_range(first, last, flags)
                                        : posix::close_range(first, last, flags);
}
WEFT_TAKES void closefrom(int first) noexcept {
  closes_in_silence(WEFT_CALLER) ? real().closefrom(first) : posix::closefrom(first);
}
WEFT_ALSO(__close, close);
WEFT_ALSO(__dup2, dup2);

WEFT_TAKES int fcntl(int fd, int command, ...) {
  std::va_list rest;
  va_start(rest, command);
  void* const argument = va_arg(rest, void*);  // a number stands in the same place
  va_end(rest);
  if (command != F_SETLKW && command != F_OFD_SETLKW) return real().fcntl(fd, command, argument);
  return pass(taken::fcntl, WEFT_CALLER, posix::fcntl, real().fcntl, fd, command, argument);
}
WEFT_ALSO(fcntl64, fcntl);
WEFT_ALSO(__fcntl, fcntl);

WEFT_TAKES int flock(int fd, int operation) noexcept {
  return pass(taken::flock, WEFT_CALLER, posix::flock, real().flock, fd, operation);
}

// F_LOCK waits; it is F_SETLKW from here on.
WEFT_TAKES int lockf(int fd, int command, off_t size) {
  if (command != F_LOCK) return real().lockf(fd, command, size);
  const auto ours = [](int file, int, off_t length) noexcept {
    struct flock region {};
    region.l_type = F_WRLCK;
    region.l_whence = SEEK_CUR;
    region.l_len = length;
    return posix::fcntl(file, F_SETLKW, &region);
  };
  return pass(taken::lockf, WEFT_CALLER, ours, real().lockf, fd, command, size);
}
WEFT_ALSO(lockf64, lockf);
