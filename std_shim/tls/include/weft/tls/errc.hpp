#pragma once
// Room: tls. How TLS says what went wrong. What the transport below says (a reset, a deadline, close) passes as it is.
//
//   std::error_code ec;
//   auto conn = tls::dial("example.org:443", ec);
//   if (ec.category() == tls::certificate_category()) ...      // ec.message(): "certificate has expired"
//   while (auto n = conn.read_some(buf, ec)) ...
//   if (ec == tls::errc::truncated) ...                        // what came is not the whole
//
// Next: stream.hpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <system_error>
#include <type_traits>

#pragma GCC visibility push(default)

namespace weft::tls {

enum class errc {
  truncated = 1,   // the peer, or somebody between, ended the connection without TLS's own end (close_notify)
  no_context,      // accept was given a context that is none, or one of a client; connect was given a server's
  invalid_name,    // the name of the server is no host name and no address, so that no certificate can match it
  not_negotiated,  // OpenSSL failed and gives no reason
};

// Of errc. Its name is "weft.tls".
[[nodiscard]] const std::error_category& category() noexcept;

// Why a certificate was not accepted: the value is OpenSSL's X509_V_ERR_..., the message its words.
// "weft.tls.certificate".
[[nodiscard]] const std::error_category& certificate_category() noexcept;

// Everything else that OpenSSL says, an alert of the peer among it: the value is its packed code (ERR_GET_REASON), the
// message its words. "weft.tls.openssl".
[[nodiscard]] const std::error_category& openssl_category() noexcept;

[[nodiscard]] std::error_code make_error_code(errc e) noexcept;

}  // namespace weft::tls

#pragma GCC visibility pop

template <>
struct std::is_error_code_enum<weft::tls::errc> : std::true_type {};
