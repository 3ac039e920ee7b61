// Room: tls. See certificate.hpp.

#include "certificate.hpp"

#include <arpa/inet.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "context_core.hpp"

namespace weft::tls::detail {

namespace {

using memory = handle<BIO, BIO_free_all>;

std::string text_of(const memory& out) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string words_of(const X509_NAME* name) {
  const memory out(BIO_new(BIO_s_mem()));
  constexpr unsigned long k_readable =
      XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB & ~static_cast<unsigned long>(XN_FLAG_SPC_EQ);
  X509_NAME_print_ex(out.get(), name, 0, k_readable);
  return text_of(out);
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(bytes) != 16) return {};
  ::inet_ntop(family, ASN1_STRING_get0_data(bytes), text, sizeof(text));
  return text;
}

void free_names(GENERAL_NAMES* names) { GENERAL_NAMES_free(names); }

}  // namespace

std::vector<std::string> names_of(const X509* of) {
  const handle<GENERAL_NAMES, free_names> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(of, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> names;
  for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    int kind = 0;
    const void* const value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all.get(), i), &kind);
    const auto* const text = static_cast<const ASN1_STRING*>(value);
    if (kind == GEN_DNS)
      names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), ASN1_STRING_length(text));
    else if (kind == GEN_IPADD)
      names.push_back(address_of(text));
  }
  return names;
}

certificate certificate_of_peer(SSL* ssl) {
  const X509* const shown = SSL_get0_peer_certificate(ssl);
  if (shown == nullptr) return {};
  const memory pem(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(pem.get(), const_cast<X509*>(shown));
  certificate said{words_of(X509_get_subject_name(shown)), words_of(X509_get_issuer_name(shown)), names_of(shown),
                   text_of(pem)};
  ERR_clear_error();
  return said;
}

}  // namespace weft::tls::detail
