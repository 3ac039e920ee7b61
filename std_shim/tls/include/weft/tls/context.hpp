#pragma once
// Room: tls. Who we are, whom we trust and what we agree to, for any number of connections.
//
//   auto ctx = tls::context::client({.alpn = {"h2", "http/1.1"}});                   // trusts whom the system trusts
//   auto own = tls::context::client({.trust_file = "our-ca.pem"});                   // ... this one alone
//   auto srv = tls::context::server({.certificate_file = "cert.pem", .key_file = "key.pem"});
//   auto two = tls::context::server({.certificate_file = "a.pem", .key_file = "a.key",
//                                    .names = {{"b.example", b_ctx}, {"*.c.example", c_ctx}}});
//
// A cheap handle to what never changes: copy it, use it from any number of fibers and threads at once. A connection
// keeps its own. Making one reads files (and so may block this thread for as long as the disk takes) and parses them:
// do it once, at the start. Throws std::system_error that names the file or the option; std::invalid_argument if what
// belongs together is not there. Key files with a passphrase are refused: nobody is asked for one.
// Next: stream.hpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weft/tls/errc.hpp>

namespace weft::tls::detail {
struct context_core;
}

#pragma GCC visibility push(default)

namespace weft::tls {

enum class version { tls_1_2, tls_1_3 };

enum class client_certificates {
  none,     // clients are not asked
  request,  // asked; one that shows none is served, one that shows a bad one is not
  require,  // one that shows none is not served either
};

struct client_options {
  // Whom to trust to vouch for servers: a file of certificates (PEM), and certificates as text. Neither: the system's.
  std::string trust_file{};
  std::string trust_pem{};
  // False: whoever answers is believed. For tests; there is no safety in encrypting to somebody unknown.
  bool verify = true;

  // What we show a server that asks for a certificate: the chain, our own first, and its key. Files, or text.
  std::string certificate_file{}, key_file{};
  std::string certificate_pem{}, key_pem{};

  std::vector<std::string> alpn{};  // protocols to offer, the one we like best first
  version min_version = version::tls_1_2;
  bool resume = true;  // keep sessions, by the server's name: the next handshake is shorter
};

struct server_options;

class context {
 public:
  // None. connect takes it for the default client's; accept refuses it.
  context() noexcept = default;

  [[nodiscard]] static context client(const client_options& options = {});
  [[nodiscard]] static context server(const server_options& options);
  [[nodiscard]] static context server(const std::string& certificate_file, const std::string& key_file);

  [[nodiscard]] explicit operator bool() const noexcept { return core_ != nullptr; }

  // For connect and accept.
  [[nodiscard]] const std::shared_ptr<detail::context_core>& core() const noexcept { return core_; }

 private:
  explicit context(std::shared_ptr<detail::context_core> core) noexcept : core_(std::move(core)) {}

  std::shared_ptr<detail::context_core> core_;
};

struct server_options {
  // The chain, our own certificate first, and its key: files, or text. One of both is needed.
  std::string certificate_file{}, key_file{};
  std::string certificate_pem{}, key_pem{};

  std::vector<std::string>
      alpn{};  // protocols that we speak, the one we like best first; a client that offers only others
               // is refused, one that offers none is served
  version min_version = version::tls_1_2;

  // Whether clients show certificates, and who may vouch for them.
  tls::client_certificates client_certificates = client_certificates::none;
  std::string trust_file{}, trust_pem{};

  bool tickets = true;  // clients may resume; we keep nothing for it

  // By the name that a client asks for: other servers' contexts, which replace this one altogether. "*.a.example"
  // stands for one label more. Names compare without regard to case.
  std::map<std::string, context> names{};
};

}  // namespace weft::tls

#pragma GCC visibility pop
