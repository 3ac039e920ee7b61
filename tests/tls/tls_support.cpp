// Room: tests of tls. See tls_support.hpp.

#include "tls_support.hpp"

#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace weft::testing {

namespace {

void must(bool is_so, const char* what) {
  if (!is_so) throw std::runtime_error(what);
}

std::string text_of(BIO* out) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(out);
  return text;
}

std::string pem_of(X509* certificate) {
  BIO* const out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, certificate);
  return text_of(out);
}

std::string pem_of(EVP_PKEY* key) {
  BIO* const out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(out);
}

void extend(X509* certificate, X509* issuer, int which, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str());
  must(extension != nullptr, "no extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* draft(EVP_PKEY* key, std::string_view subject, validity valid) {
  X509* const made = X509_new();
  X509_set_version(made, X509_VERSION_3);
  unsigned char serial[8];
  RAND_bytes(serial, sizeof(serial));
  serial[0] &= 0x7f;
  BIGNUM* const number = BN_bin2bn(serial, sizeof(serial), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made));
  BN_free(number);
  X509_gmtime_adj(X509_getm_notBefore(made), valid.from);
  X509_gmtime_adj(X509_getm_notAfter(made), valid.until);
  X509_set_pubkey(made, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(subject.data()), static_cast<int>(subject.size()),
                             -1, 0);
  return made;
}

}  // namespace

authority::authority(std::string_view name) : key_(EVP_EC_gen("P-256")), certificate_(draft(key_, name, {})) {
  X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
  extend(certificate_, certificate_, NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate_, certificate_, NID_key_usage, "critical,keyCertSign,cRLSign");
  must(X509_sign(certificate_, key_, EVP_sha256()) != 0, "not signed");
  pem_ = pem_of(certificate_);
}

authority::~authority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

identity authority::issue(const std::string& subject, const std::string& names, validity valid) const {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const made = draft(key, subject, valid);
  X509_set_issuer_name(made, X509_get_subject_name(certificate_));
  extend(made, certificate_, NID_basic_constraints, "critical,CA:FALSE");
  if (!names.empty()) extend(made, certificate_, NID_subject_alt_name, names);
  must(X509_sign(made, key_, EVP_sha256()) != 0, "not signed");
  identity issued{pem_of(made), pem_of(key)};
  X509_free(made);
  EVP_PKEY_free(key);
  return issued;
}

// None is ever destroyed, as the contexts of a process.
const authority& our_authority() {
  static const authority& the_one = *new authority("Test Authority");
  return the_one;
}

const identity& our_identity() {
  static const identity& the_one =
      *new identity(our_authority().issue("a.test", "DNS:a.test,DNS:*.b.test,IP:127.0.0.1"));
  return the_one;
}

tls::client_options trusting_client() {
  tls::client_options options;
  options.trust_pem = our_authority().pem();
  return options;
}

tls::server_options our_server() {
  tls::server_options options;
  options.certificate_pem = our_identity().certificate;
  options.key_pem = our_identity().key;
  return options;
}

const tls::context& default_client_context() {
  static const tls::context& the_one = *new tls::context(tls::context::client(trusting_client()));
  return the_one;
}

const tls::context& default_server_context() {
  static const tls::context& the_one = *new tls::context(tls::context::server(our_server()));
  return the_one;
}

std::pair<tls::detail::transport, tls::detail::transport> connected_below(below what) {
  if (what == below::pipe) {
    auto [near, far] = net::pipe();
    return {tls::detail::transport(std::move(near)), tls::detail::transport(std::move(far))};
  }
  auto listener = net::listen("127.0.0.1:0");
  auto client = net::dial(listener.local_address());
  return {tls::detail::transport(std::move(client)), tls::detail::transport(listener.accept())};
}

tls_pair shake(std::pair<tls::detail::transport, tls::detail::transport> over, const tls::context& client,
               const tls::context& server, std::string_view name) {
  tls_pair made;
  auto accepting = spawn([&] { made.server = tls::accept(std::move(over.second), server, made.server_error); });
  made.client = tls::connect(std::move(over.first), name, {.context = client}, made.client_error);
  accepting.join();
  return made;
}

tls_pair shake(below what, const tls::context& client, const tls::context& server, std::string_view name) {
  return shake(connected_below(what), client, server, name);
}

}  // namespace weft::testing
