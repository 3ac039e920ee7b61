#pragma once
// Room: netpoll. What a call is told by a stream that was closed: before it began, or meanwhile. Go's contract.

#include <system_error>

namespace weft::net::detail {

[[nodiscard]] inline std::error_code closed_before() noexcept {
  return std::make_error_code(std::errc::bad_file_descriptor);
}
[[nodiscard]] inline std::error_code closed_meanwhile() noexcept {
  return std::make_error_code(std::errc::operation_canceled);
}

}  // namespace weft::net::detail
