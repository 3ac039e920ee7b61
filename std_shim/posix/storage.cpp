// Room: posix. Calls that wait for a device, and that nothing but a thread can wait for.

#include <weft/posix.hpp>

#include "off_worker.hpp"
#include "real.hpp"

namespace weft::posix {

int fsync(int fd) noexcept {
  if (!enter()) return real().fsync(fd);
  return off_worker([&] { return real().fsync(fd); });
}

int fdatasync(int fd) noexcept {
  if (!enter()) return real().fdatasync(fd);
  return off_worker([&] { return real().fdatasync(fd); });
}

int tcdrain(int fd) noexcept {
  if (!enter()) return real().tcdrain(fd);
  return off_worker([&] { return real().tcdrain(fd); });
}

}  // namespace weft::posix
