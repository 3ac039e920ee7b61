#pragma once
// Room: netpoll. Whether a file's bytes are in memory: for who sends them by calls that wait for the disk, whatever the
// flags of the descriptors. Linux alone.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstddef>
#include <cstdint>

#pragma GCC visibility push(default)

namespace weft::net::detail {

// Whether all of it, as far as the file goes, is in memory, or on its way there. Does not block. False also if the
// system does not tell: it may be too old (Linux 6.5), or the file another user's.
[[nodiscard]] bool is_in_page_cache(int file, std::int64_t position, std::size_t size) noexcept;

}  // namespace weft::net::detail

#pragma GCC visibility pop
