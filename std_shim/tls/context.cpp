// Room: tls. See weft/tls/context.hpp. Making a context: options to OpenSSL's settings, each refusal by its name.

#include <weft/tls/context.hpp>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <new>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <weft/netpoll/errc.hpp>

#include "certificate.hpp"
#include "context_core.hpp"
#include "engine.hpp"
#include "errors.hpp"

namespace weft::tls {

namespace {

using detail::context_core;
using detail::handle;
using certificate_handle = handle<X509, X509_free>;
using key_handle = handle<EVP_PKEY, EVP_PKEY_free>;
using memory_handle = handle<BIO, BIO_free_all>;

[[noreturn]] void refuse(const std::string& what) {
  net::detail::throw_error(detail::take_queued_error(), "tls::context", what);
}

// --- What may be given as a file or as text.

struct pem {
  std::string text;
  std::string name;  // for errors
};

// Both empty: none.
pem pem_of(const std::string& file, const std::string& text, const char* option) {
  if (!text.empty()) return {text, std::string(option) + "_pem"};
  if (file.empty()) return {};
  std::ifstream in(file, std::ios::binary);
  std::string all{std::istreambuf_iterator<char>(in), {}};
  if (!in.is_open() || in.bad())
    net::detail::throw_error(std::make_error_code(std::errc::no_such_file_or_directory), "tls::context",
                             std::string(option) + "_file '" + file + "'");
  return {std::move(all), std::string(option) + "_file '" + file + "'"};
}

memory_handle opened(const pem& from) {
  ERR_clear_error();
  return memory_handle(BIO_new_mem_buf(from.text.data(), static_cast<int>(from.text.size())));
}

// Instead of OpenSSL's own, which asks at the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

certificate_handle next_certificate(BIO* in) {
  return certificate_handle(PEM_read_bio_X509_AUX(in, nullptr, no_passphrase, nullptr));
}

// The end of a list of certificates is an error, too: that there is no further one.
bool is_at_end() noexcept {
  const unsigned long code = ERR_peek_last_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

// --- What both kinds of contexts have.

// OpenSSL prefers AES-256, with SHA-384; we what Go and browsers do: AES-128 is as safe for all that is known, and
// takes less time. Whatever else is enabled stays so, in its order, and nothing is added: the system's policy may say
// less.
void prefer_aes_128(SSL_CTX* ssl) {
  std::string first, others;
  const auto* const enabled = SSL_CTX_get_ciphers(ssl);
  for (int i = 0; i < sk_SSL_CIPHER_num(enabled); ++i) {
    const SSL_CIPHER* const each = sk_SSL_CIPHER_value(enabled, i);
    if (std::string_view(SSL_CIPHER_get_version(each)) != "TLSv1.3") continue;
    const std::string name = SSL_CIPHER_get_name(each);
    if (name == "TLS_AES_128_GCM_SHA256")
      first = name;
    else
      others += ':' + name;
  }
  if (!first.empty() && SSL_CTX_set_ciphersuites(ssl, (first + others).c_str()) != 1) refuse("cipher suites");
}

std::shared_ptr<context_core> make_core(const SSL_METHOD* method) {
  auto core = std::make_shared<context_core>();
  ERR_clear_error();
  core->ssl.reset(SSL_CTX_new(method));
  if (core->ssl == nullptr) refuse("");
  SSL_CTX* const ssl = core->ssl.get();
  SSL_CTX_set_app_data(ssl, core.get());
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A server takes what it likes best itself; of clients that like ChaCha best, because they have no AES, that.
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA);
  prefer_aes_128(ssl);
  SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
  return core;
}

void set_version(context_core& core, version least) {
  const int number = least == version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  if (SSL_CTX_set_min_proto_version(core.ssl.get(), number) != 1) refuse("min_version");
}

void set_alpn(context_core& core, const std::vector<std::string>& protocols) {
  constexpr std::size_t k_longest = 255;
  for (const auto& each : protocols) {
    if (each.empty() || each.size() > k_longest)
      throw std::invalid_argument("weft: tls::context: the alpn protocol '" + each + "' is not of 1 to 255 bytes");
    core.alpn += static_cast<char>(each.size());
    core.alpn += each;
  }
}

void show_key(context_core& core, const pem& key) {
  const auto in = opened(key);
  const key_handle read(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
  if (read == nullptr || SSL_CTX_use_PrivateKey(core.ssl.get(), read.get()) != 1) refuse(key.name);
}

// The chain, our own certificate first.
void show_chain(context_core& core, const pem& chain) {
  const auto in = opened(chain);
  const auto own = next_certificate(in.get());
  if (own == nullptr || SSL_CTX_use_certificate(core.ssl.get(), own.get()) != 1) refuse(chain.name);
  while (auto next = next_certificate(in.get()))
    if (SSL_CTX_add1_chain_cert(core.ssl.get(), next.get()) != 1) refuse(chain.name);
  if (!is_at_end()) refuse(chain.name);
}

template <class Options>
bool show_certificate(context_core& core, const Options& options) {
  const pem chain = pem_of(options.certificate_file, options.certificate_pem, "certificate");
  const pem key = pem_of(options.key_file, options.key_pem, "key");
  if (chain.name.empty() != key.name.empty())
    throw std::invalid_argument("weft: tls::context: a certificate needs its key, and a key its certificate");
  if (chain.name.empty()) return false;
  show_chain(core, chain);
  show_key(core, key);
  if (SSL_CTX_check_private_key(core.ssl.get()) != 1) refuse(key.name);
  return true;
}

// False if the options say nothing of whom to trust. A server tells its clients whom.
template <class Options>
bool set_trust(context_core& core, const Options& options) {
  bool is_said = false;
  for (const pem& trusted : {pem_of(options.trust_file, {}, "trust"), pem_of({}, options.trust_pem, "trust")}) {
    if (trusted.name.empty()) continue;
    const auto in = opened(trusted);
    std::size_t count = 0;
    for (; auto each = next_certificate(in.get()); ++count) {
      if (X509_STORE_add_cert(SSL_CTX_get_cert_store(core.ssl.get()), each.get()) != 1) refuse(trusted.name);
      if (core.is_server && SSL_CTX_add_client_CA(core.ssl.get(), each.get()) != 1) refuse(trusted.name);
    }
    if (count == 0 || !is_at_end()) refuse(trusted.name);
    ERR_clear_error();
    is_said = true;
  }
  return is_said;
}

// --- OpenSSL's callbacks. They run within a call of the engine, and nothing in them waits.

// A client has been given a session.
int keep_session(SSL* ssl, SSL_SESSION* session) noexcept try {
  auto* const core = static_cast<context_core*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  core->sessions.put(detail::engine::of(ssl).peer_name(), detail::session_handle(session));
  return 1;  // the reference is ours
} catch (const std::bad_alloc&) {
  return 0;
}

// Of a certificate that is for others we tell for whom: afterwards OpenSSL has it no more.
int note_refused(int is_good, X509_STORE_CTX* at) noexcept try {
  const int why = X509_STORE_CTX_get_error(at);
  if (is_good == 1 || (why != X509_V_ERR_HOSTNAME_MISMATCH && why != X509_V_ERR_IP_ADDRESS_MISMATCH)) return is_good;
  auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(at, SSL_get_ex_data_X509_STORE_CTX_idx()));
  detail::engine::of(ssl).note_refused(detail::names_of(X509_STORE_CTX_get_current_cert(at)));
  return is_good;
} catch (const std::bad_alloc&) {
  return 0;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void* of) noexcept {
  const auto& ours = static_cast<const context_core*>(of)->alpn;
  unsigned char* found = nullptr;
  const int how = SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(ours.data()),
                                        static_cast<unsigned>(ours.size()), offered, offered_size);
  *chosen = found;
  return how == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Sessions are resumed by the context that they were made by, and by no other name's.
void set_session_owner(context_core& core) {
  unsigned char id[16];
  if (RAND_bytes(id, sizeof(id)) != 1 || SSL_CTX_set_session_id_context(core.ssl.get(), id, sizeof(id)) != 1)
    refuse("session_id_context");
}

void set_tickets(context_core& core, bool on) {
  SSL_CTX_set_session_cache_mode(core.ssl.get(), SSL_SESS_CACHE_OFF);  // tickets need none
  set_session_owner(core);
  if (on) return;
  SSL_CTX_set_options(core.ssl.get(), SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(core.ssl.get(), 0);
}

void ask_for_certificates(context_core& core, const server_options& options) {
  const bool is_trusting = set_trust(core, options);
  if (options.client_certificates == client_certificates::none) return;
  if (!is_trusting)
    throw std::invalid_argument(
        "weft: tls::context: client_certificates needs trust_file or trust_pem: who vouches for them?");
  const int more = options.client_certificates == client_certificates::require ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(core.ssl.get(), SSL_VERIFY_PEER | more, nullptr);
}

std::string in_lower_case(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

void set_names(context_core& core, const server_options& options) {
  for (const auto& [name, served_by] : options.names) {
    if (!served_by || !served_by.core()->is_server)
      throw std::invalid_argument("weft: tls::context: names['" + name + "'] is no server's context");
    core.names.emplace(in_lower_case(name), served_by);
  }
  if (!core.names.empty()) detail::serve_by_name(core);
}

}  // namespace

context context::client(const client_options& options) {
  auto core = make_core(TLS_client_method());
  SSL_CTX* const ssl = core->ssl.get();
  set_version(*core, options.min_version);
  set_alpn(*core, options.alpn);
  if (!core->alpn.empty())
    SSL_CTX_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(core->alpn.data()),
                            static_cast<unsigned>(core->alpn.size()));
  show_certificate(*core, options);
  if (!set_trust(*core, options) && SSL_CTX_set_default_verify_paths(ssl) != 1) refuse("the system's trust");
  SSL_CTX_set_verify(ssl, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, options.verify ? note_refused : nullptr);
  core->resumes = options.resume;
  SSL_CTX_set_session_cache_mode(
      ssl, options.resume ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
  SSL_CTX_sess_set_new_cb(ssl, keep_session);
  return context(std::move(core));
}

context context::server(const server_options& options) {
  auto core = make_core(TLS_server_method());
  core->is_server = true;
  set_version(*core, options.min_version);
  set_alpn(*core, options.alpn);
  if (!core->alpn.empty()) SSL_CTX_set_alpn_select_cb(core->ssl.get(), choose_protocol, core.get());
  if (!show_certificate(*core, options))
    throw std::invalid_argument("weft: tls::context: a server needs certificate_file and key_file, or both as text");
  ask_for_certificates(*core, options);
  set_tickets(*core, options.tickets);
  set_names(*core, options);
  return context(std::move(core));
}

context context::server(const std::string& certificate_file, const std::string& key_file) {
  return server({.certificate_file = certificate_file, .key_file = key_file});
}

}  // namespace weft::tls
