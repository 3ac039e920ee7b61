// Room: netpoll. See calling.hpp.

#include "calling.hpp"

#include <cerrno>

namespace weft::net::detail {

__attribute__((noinline, no_sanitize("thread"))) int last_error() noexcept { return errno; }
__attribute__((noinline, no_sanitize("thread"))) void restore_error(int number) noexcept { errno = number; }

}  // namespace weft::net::detail
