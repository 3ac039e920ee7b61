#pragma once
// Room: tls. OpenSSL's queue of errors as an error_code. The queue belongs to the thread, and any other fiber of the
// worker may use it: it is cleared before a call and read right after it, with no switch point between ("One stretch",
// engine.hpp).

#include <system_error>

namespace weft::tls::detail {

// The oldest error of the queue, which is the cause of the others; clears it. Never no error.
[[nodiscard]] std::error_code take_queued_error() noexcept;

// A certificate was refused: `result` is an X509_V_ERR_...
[[nodiscard]] std::error_code certificate_error(long result) noexcept;

}  // namespace weft::tls::detail
