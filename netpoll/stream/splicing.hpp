#pragma once
// Room: netpoll. A piece of a copy from one socket to another that does not pass through this process. On Linux by
// splice (splicing_linux.cpp); where there is nothing like it, `impossible` is all that it ever says.

#include <cstddef>
#include <cstdint>
#include <system_error>

#include <weft/netpoll/detail/descriptor.hpp>

namespace weft::net::detail {

struct copied_piece {
  std::size_t read = 0;  // 0: the end of the stream, or an error
  std::size_t written = 0;
};

enum class spliced : std::uint8_t { done, impossible };

// Waits until there is something, then until `to` has taken it all. What was read and not written, because of an error
// or of weft::cancelled, is lost, and told. Impossible: nothing was read, and it is not the streams' fault.
[[nodiscard]] spliced splice_piece(const descriptor& from, const descriptor& to, copied_piece& piece,
                                   std::error_code& ec);

#if defined(__linux__) && !defined(WEFT_AS_ELSEWHERE)
inline constexpr bool k_has_splice = true;
#else
inline constexpr bool k_has_splice = false;
#endif

// How many pipes are kept for the next copies.
[[nodiscard]] std::size_t pipes_at_rest() noexcept;

}  // namespace weft::net::detail
