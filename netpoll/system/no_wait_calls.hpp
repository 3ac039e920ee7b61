#pragma once
// Room: netpoll. Linux's reads and writes that do not wait, by a flag of the call (RWF_NOWAIT). Where a system has
// none, its file says at each call that it is not supported. See syscalls.hpp for what all wrappers keep to.
// Next: descriptor_calls.hpp, which falls back to a look.

#include <sys/uio.h>

#include <cstdint>

#include "calling.hpp"

namespace weft::net::detail {

// For a position below 0 that of the description, which moves. Results are read's and write's; -1 with EOPNOTSUPP or
// EINVAL: this descriptor does not know the flag. Writing never raises SIGPIPE.
[[nodiscard]] ssize_t read_without_waiting(int fd, const iovec* parts, int count, std::int64_t position) noexcept;
[[nodiscard]] ssize_t write_without_waiting(int fd, const iovec* parts, int count) noexcept;

}  // namespace weft::net::detail
