// std_shim, interpose: reads, writes, and what carries bytes to a disk.

#include <cstdint>

#include <sys/sendfile.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include "exports.hpp"
#include "gate.hpp"

using namespace weft::interpose;
namespace posix = weft::posix;

WEFT_TAKES ssize_t read(int fd, void* buffer, size_t size) {
  return pass(taken::read, WEFT_CALLER, posix::read, real().read, fd, buffer, size);
}
WEFT_TAKES ssize_t write(int fd, const void* buffer, size_t size) {
  return pass(taken::write, WEFT_CALLER, posix::write, real().write, fd, buffer, size);
}
WEFT_TAKES ssize_t readv(int fd, const iovec* parts, int count) {
  return pass(taken::readv, WEFT_CALLER, posix::readv, real().readv, fd, parts, count);
}
WEFT_TAKES ssize_t writev(int fd, const iovec* parts, int count) {
  return pass(taken::writev, WEFT_CALLER, posix::writev, real().writev, fd, parts, count);
}
WEFT_ALSO(__read, read);
WEFT_ALSO(__write, write);

WEFT_TAKES ssize_t pread(int fd, void* buffer, size_t size, off_t offset) {
  return pass(taken::pread, WEFT_CALLER, posix::pread, real().pread, fd, buffer, size, offset);
}
WEFT_TAKES ssize_t pwrite(int fd, const void* buffer, size_t size, off_t offset) {
  return pass(taken::pwrite, WEFT_CALLER, posix::pwrite, real().pwrite, fd, buffer, size, offset);
}
WEFT_TAKES ssize_t preadv(int fd, const iovec* parts, int count, off_t offset) {
  return pass(taken::preadv, WEFT_CALLER, posix::preadv, real().preadv, fd, parts, count, offset);
}
WEFT_TAKES ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  return pass(taken::pwritev, WEFT_CALLER, posix::pwritev, real().pwritev, fd, parts, count, offset);
}
static_assert(sizeof(off_t) == sizeof(off64_t), "the 64-bit names are the same functions");
WEFT_ALSO(pread64, pread);
WEFT_ALSO(pwrite64, pwrite);
WEFT_ALSO(preadv64, preadv);
WEFT_ALSO(pwritev64, pwritev);
WEFT_ALSO(__pread64, pread);
WEFT_ALSO(__pwrite64, pwrite);

// Offset -1 is where the file stands. With flags (RWF_NOWAIT, ...) the kernel is asked as the
// caller wants it.
WEFT_TAKES ssize_t preadv2(int fd, const iovec* parts, int count, off_t offset, int flags) {
  if (flags != 0) return real().preadv2(fd, parts, count, offset, flags);
  if (offset == -1) return pass(taken::preadv2, WEFT_CALLER, posix::readv, real().readv, fd, parts, count);
  return pass(taken::preadv2, WEFT_CALLER, posix::preadv, real().preadv, fd, parts, count, offset);
}
WEFT_TAKES ssize_t pwritev2(int fd, const iovec* parts, int count, off_t offset, int flags) {
  if (flags != 0) return real().pwritev2(fd, parts, count, offset, flags);
  if (offset == -1) return pass(taken::pwritev2, WEFT_CALLER, posix::writev, real().writev, fd, parts, count);
  return pass(taken::pwritev2, WEFT_CALLER, posix::pwritev, real().pwritev, fd, parts, count, offset);
}
WEFT_ALSO(preadv64v2, preadv2);
WEFT_ALSO(pwritev64v2, pwritev2);

WEFT_TAKES ssize_t sendfile(int out, int in, off_t* offset, size_t count) noexcept {
  return pass(taken::sendfile, WEFT_CALLER, posix::sendfile, real().sendfile, out, in, offset, count);
}
WEFT_ALSO(sendfile64, sendfile);
WEFT_TAKES ssize_t splice(int in, off64_t* in_offset, int out, off64_t* out_offset, size_t size, unsigned flags) {
  return pass(taken::splice, WEFT_CALLER, posix::splice, real().splice, in, in_offset, out, out_offset, size, flags);
}

WEFT_TAKES int fsync(int fd) { return pass(taken::fsync, WEFT_CALLER, posix::fsync, real().fsync, fd); }
WEFT_TAKES int fdatasync(int fd) { return pass(taken::fdatasync, WEFT_CALLER, posix::fdatasync, real().fdatasync, fd); }
WEFT_TAKES int syncfs(int fd) noexcept { return pass_to_helper(taken::syncfs, WEFT_CALLER, real().syncfs, fd); }
WEFT_TAKES int tcdrain(int fd) { return pass(taken::tcdrain, WEFT_CALLER, posix::tcdrain, real().tcdrain, fd); }

WEFT_TAKES ssize_t __read_chk(int fd, void* buffer, size_t size, size_t room) {
  if (size > room) return real().__read_chk(fd, buffer, size, room);
  return pass(taken::__read_chk, WEFT_CALLER, posix::read, real().read, fd, buffer, size);
}
WEFT_TAKES ssize_t __pread_chk(int fd, void* buffer, size_t size, off_t offset, size_t room) {
  if (size > room) return real().__pread_chk(fd, buffer, size, offset, room);
  return pass(taken::__pread_chk, WEFT_CALLER, posix::pread, real().pread, fd, buffer, size, offset);
}
WEFT_ALSO(__pread64_chk, __pread_chk);
