// Room: tls. A server of several names: which context serves a client is decided by what it asks for, before OpenSSL
// looks at anything else of its hello (sessions and tickets too: one that was made for another name is not resumed).

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <new>
#include <span>
#include <string>

#include <openssl/ssl.h>

#include "context_core.hpp"
#include "engine.hpp"

namespace weft::tls::detail {

namespace {

// The rest of a message, read from its front; what is not there reads as nothing.
class bytes_left {
 public:
  bytes_left(const unsigned char* data, std::size_t size) noexcept : left_(data, size) {}

  // A number of two bytes, and so many bytes.
  [[nodiscard]] bytes_left counted() noexcept {
    if (left_.size() < 2) return {nullptr, 0};
    const std::size_t size = std::size_t{left_[0]} << 8 | left_[1];
    if (left_.size() - 2 < size) return {nullptr, 0};
    const auto part = left_.subspan(2, size);
    left_ = left_.subspan(2 + size);
    return {part.data(), part.size()};
  }
  [[nodiscard]] int byte() noexcept {
    if (left_.empty()) return -1;
    const int first = left_[0];
    left_ = left_.subspan(1);
    return first;
  }
  [[nodiscard]] std::span<const unsigned char> rest() const noexcept { return left_; }

 private:
  std::span<const unsigned char> left_;
};

// What is the context's own goes over with it, but for what OpenSSL leaves the connection's.
void serve_with(SSL* ssl, const context_core& core) {
  SSL_CTX* const to = core.ssl.get();
  SSL_set_SSL_CTX(ssl, to);
  SSL_set_verify(ssl, SSL_CTX_get_verify_mode(to), nullptr);
  SSL_set_min_proto_version(ssl, static_cast<int>(SSL_CTX_get_min_proto_version(to)));
  SSL_clear_options(ssl, SSL_OP_NO_TICKET);
  SSL_set_options(ssl, SSL_CTX_get_options(to));
  SSL_set_num_tickets(ssl, SSL_CTX_get_num_tickets(to));
  X509_STORE* const trusted = SSL_CTX_get_cert_store(to);
  SSL_set1_verify_cert_store(ssl, trusted);
  SSL_set_client_CA_list(ssl, SSL_dup_CA_list(SSL_CTX_get_client_CA_list(to)));
}

int look_at_hello(SSL* ssl, int* alert, void* of) noexcept try {
  const auto& core = *static_cast<const context_core*>(of);
  if (const auto* other = context_for(core, name_in_hello(ssl))) serve_with(ssl, *other);
  return SSL_CLIENT_HELLO_SUCCESS;
} catch (const std::bad_alloc&) {
  *alert = SSL_AD_INTERNAL_ERROR;
  return SSL_CLIENT_HELLO_ERROR;
}

}  // namespace

std::string name_in_hello(SSL* ssl) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1) return {};
  bytes_left entry = bytes_left(data, size).counted();
  if (entry.byte() != TLSEXT_NAMETYPE_host_name) return {};
  const bytes_left counted_name = entry.counted();
  const auto name = counted_name.rest();
  std::string lower(name.size(), '\0');
  std::transform(name.begin(), name.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

const context_core* context_for(const context_core& core, const std::string& name) {
  auto found = core.names.find(name);
  const auto dot = name.find('.');
  if (found == core.names.end() && dot != std::string::npos) found = core.names.find("*" + name.substr(dot));
  return found != core.names.end() ? found->second.core().get() : nullptr;
}

void serve_by_name(context_core& core) { SSL_CTX_set_client_hello_cb(core.ssl.get(), look_at_hello, &core); }

}  // namespace weft::tls::detail
