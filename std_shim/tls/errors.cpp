// Room: tls. See errors.hpp and weft/tls/errc.hpp.

#include "errors.hpp"

#include <string>

#include <openssl/err.h>
#include <openssl/x509.h>

#include <weft/tls/errc.hpp>

namespace weft::tls {

namespace {

class own_category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "weft.tls"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<errc>(value)) {
      case errc::truncated:
        return "the connection ended without TLS's own end (close_notify): what came may be cut short";
      case errc::no_context: return "no such context: connect needs a client's, accept a server's";
      case errc::invalid_name: return "neither a host name nor an address";
      case errc::not_negotiated: return "OpenSSL failed without a reason";
    }
    return "unknown error " + std::to_string(value);
  }
};

class certificate_words final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "weft.tls.certificate"; }
  [[nodiscard]] std::string message(int value) const override { return X509_verify_cert_error_string(value); }
};

class openssl_words final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "weft.tls.openssl"; }
  [[nodiscard]] std::string message(int value) const override {
    const char* const reason = ERR_reason_error_string(static_cast<unsigned long>(value));
    return reason != nullptr ? reason : "OpenSSL's error " + std::to_string(value);
  }
};

}  // namespace

// None is ever destroyed: an error_code may be looked at by whatever runs last in the process.
const std::error_category& category() noexcept {
  static const own_category& the_one = *new own_category;
  return the_one;
}

const std::error_category& certificate_category() noexcept {
  static const certificate_words& the_one = *new certificate_words;
  return the_one;
}

const std::error_category& openssl_category() noexcept {
  static const openssl_words& the_one = *new openssl_words;
  return the_one;
}

std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), category()}; }

std::error_code detail::take_queued_error() noexcept {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  if (code == 0) return errc::not_negotiated;
  if (ERR_SYSTEM_ERROR(code)) return {ERR_GET_REASON(code), std::generic_category()};
  return {static_cast<int>(code), openssl_category()};
}

std::error_code detail::certificate_error(long result) noexcept {
  return {static_cast<int>(result), certificate_category()};
}

}  // namespace weft::tls
