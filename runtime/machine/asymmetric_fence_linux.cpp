// Room: runtime. See detail/asymmetric_fence.hpp.

#include <weft/runtime/detail/asymmetric_fence.hpp>

#include <cerrno>

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <weft/runtime/detail/check.hpp>

namespace weft::detail {

namespace {

int membarrier(int command) noexcept { return static_cast<int>(::syscall(SYS_membarrier, command, 0, 0)); }

}  // namespace

bool register_heavy_fence() noexcept {
  const int before = errno;
  const bool done = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
  errno = before;
  return done;
}

void heavy_fence() noexcept {
  const int result = membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  WEFT_CHECK(result == 0, "membarrier: refused after it was registered", errno);
}

}  // namespace weft::detail
