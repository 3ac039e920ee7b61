// Room: netpoll. See no_wait_calls.hpp. These systems have no such flag, and who asks looks first.

#include <cerrno>

#include "no_wait_calls.hpp"

namespace weft::net::detail {

ssize_t read_without_waiting(int, const iovec*, int, std::int64_t) noexcept {
  restore_error(EOPNOTSUPP);
  return -1;
}

ssize_t write_without_waiting(int, const iovec*, int) noexcept {
  restore_error(EOPNOTSUPP);
  return -1;
}

}  // namespace weft::net::detail
