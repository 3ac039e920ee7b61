#pragma once
// Room: netpoll. A piece of a file to a socket that does not pass through this process. On Linux by sendfile
// (file_sending_linux.cpp); where nothing like it is used, `impossible` is all that it ever says.

#include <cstddef>
#include <cstdint>
#include <system_error>

#include <weft/netpoll/detail/descriptor.hpp>

namespace weft::net::detail {

enum class piece_sent : std::uint8_t { done, impossible };

// Waits until `to` takes some, at most `most` bytes. `sent` is right also if it leaves by weft::cancelled; 0 without an
// error: the file ends there. Impossible: nothing was sent, and it is not the stream's fault.
[[nodiscard]] piece_sent send_piece(const descriptor& from, const descriptor& to, std::uint64_t position,
                                    std::size_t most, std::size_t& sent, std::error_code& ec);

#if defined(__linux__) && !defined(WEFT_AS_ELSEWHERE)
inline constexpr bool k_has_send_file = true;
#else
inline constexpr bool k_has_send_file = false;
#endif

}  // namespace weft::net::detail
