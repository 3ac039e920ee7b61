// Room: posix. Children that a shell makes: libc waits for them inside of itself, so a thread has to.

#include <weft/posix.hpp>

#include "off_worker.hpp"
#include "real.hpp"

namespace weft::posix {

int system(const char* command) noexcept {
  if (!enter()) return real().system(command);
  return off_worker([&] { return real().system(command); });
}

FILE* popen(const char* command, const char* mode) noexcept {
  if (!enter()) return real().popen(command, mode);
  return off_worker([&] { return real().popen(command, mode); });
}

int pclose(FILE* stream) noexcept {
  if (!enter()) return real().pclose(stream);
  return off_worker([&] { return real().pclose(stream); });
}

}  // namespace weft::posix
