// Room: sync. See once.hpp.

#include <weft/sync/once.hpp>

#include <system_error>

#include <weft/runtime/park.hpp>

namespace weft {

once_flag::turn::turn(once_flag& flag) : flag_(flag) {
  const void* const self = &detail::this_waiter();
  // relaxed: only a value that this very fiber stored can be equal.
  if (flag.runner_.load(std::memory_order_relaxed) == self)
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                            "weft::call_once: called again on the same flag by the function that it calls");
  static_cast<void>(flag.turns_.try_lock_until(deadline::never(), "call_once"));
  flag.runner_.store(self, std::memory_order_relaxed);  // relaxed: as above
}

once_flag::turn::~turn() {
  flag_.runner_.store(nullptr, std::memory_order_relaxed);  // relaxed: as in the constructor
  flag_.turns_.unlock();
}

}  // namespace weft
