// Room: sync. See wait_group.hpp. What counts and waits is countdown.cpp's.

#include <weft/sync/wait_group.hpp>

#include <stdexcept>

namespace weft {

void wait_group::add(std::int32_t n) {
  if (n >= 0) {
    if (!count_.add(n)) throw std::logic_error("weft::wait_group: add() beyond 2^31 - 1");
  } else if (!count_.take(-static_cast<std::int64_t>(n))) {
    throw std::logic_error("weft::wait_group: done() more often than add()");
  }
}

void wait_group::wait() { count_.wait("wait group"); }

}  // namespace weft
