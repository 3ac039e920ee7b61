#pragma once
// Room: tls. What is behind a context: OpenSSL's, and what its callbacks need. Immutable once made, but for the
// sessions, which have a lock of their own.

#include <map>
#include <memory>
#include <string>

#include <openssl/ssl.h>

#include <weft/tls/context.hpp>

#include "session_store.hpp"

namespace weft::tls::detail {

// A handle of OpenSSL's, freed by the function that belongs to it.
template <auto Free>
struct frees {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
template <class T, auto Free>
using handle = std::unique_ptr<T, frees<Free>>;

struct context_core {
  handle<SSL_CTX, SSL_CTX_free> ssl;
  bool is_server = false;
  bool resumes = false;                  // a client's
  std::string alpn;                      // as it is sent: a byte of length before each
  std::map<std::string, context> names;  // a server's, in lower case
  session_store sessions;                // a client's
};

// The context that a client which asks for `name` is served by, of those in `core.names`; null if it is `core` itself.
[[nodiscard]] const context_core* context_for(const context_core& core, const std::string& name);

// The name that a client asks for, in lower case; empty if it asks for none. For OpenSSL's client-hello callback alone.
[[nodiscard]] std::string name_in_hello(SSL* ssl);

// Has a server's context look at the names that clients ask for.
void serve_by_name(context_core& core);

}  // namespace weft::tls::detail
