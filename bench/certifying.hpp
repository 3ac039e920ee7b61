#pragma once
// Room: bench. A certificate of P-256 that is signed by itself, for localhost, made anew in each run of what measures
// TLS.

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>

namespace certifying {

// Both as PEM.
struct identity {
  std::string certificate, key;
};

// `write` is one of OpenSSL's.
template <class Write>
std::string text_of(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), BIO_free_all);
  char* data = nullptr;
  if (write(out.get()) != 1) throw std::runtime_error("OpenSSL makes no certificate");
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(out.get(), &data));
  return {data, size};
}

inline identity make_identity() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 24 * 3600);
  X509_set_pubkey(made.get(), key.get());
  X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
  X509_add_ext(made.get(), names, -1);
  X509_EXTENSION_free(names);
  X509_sign(made.get(), key.get(), EVP_sha256());
  return {text_of([&](BIO* out) { return PEM_write_bio_X509(out, made.get()); }), text_of([&](BIO* out) {
            return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace certifying
