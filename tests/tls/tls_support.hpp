#pragma once
// Room: tests of tls. Certificates, made as they are needed, and two ends that have shaken hands.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <support/wait_until.hpp>
#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/tls.hpp>

namespace weft::testing {

struct identity {
  std::string certificate;  // PEM, both
  std::string key;
};

struct validity {
  long from = -3600;  // seconds from now
  long until = 3600;
};

// Who vouches for others. "DNS:a.test" and "IP:127.0.0.1" are names.
class authority {
 public:
  explicit authority(std::string_view name);
  authority(const authority&) = delete;
  authority& operator=(const authority&) = delete;
  ~authority();

  [[nodiscard]] identity issue(const std::string& subject, const std::string& names, validity valid = {}) const;
  [[nodiscard]] const std::string& pem() const noexcept { return pem_; }

 private:
  EVP_PKEY* key_;
  X509* certificate_;
  std::string pem_;
};

// The same for all cases of the program.
[[nodiscard]] const authority& our_authority();
[[nodiscard]] const identity& our_identity();  // "a.test", "*.b.test", 127.0.0.1

[[nodiscard]] tls::client_options trusting_client();
[[nodiscard]] tls::server_options our_server();
[[nodiscard]] const tls::context& default_client_context();
[[nodiscard]] const tls::context& default_server_context();

struct tls_pair {
  tls::stream client, server;
  std::error_code client_error, server_error;
};

enum class below { pipe, tcp };

[[nodiscard]] std::pair<tls::detail::transport, tls::detail::transport> connected_below(below what);

[[nodiscard]] tls_pair shake(std::pair<tls::detail::transport, tls::detail::transport> over, const tls::context& client,
                             const tls::context& server, std::string_view name = "a.test");
[[nodiscard]] tls_pair shake(below what = below::pipe, const tls::context& client = default_client_context(),
                             const tls::context& server = default_server_context(), std::string_view name = "a.test");

inline std::error_code how_a_read_ends(tls::stream& s) {
  char buf[8];
  std::error_code ec;
  s.read_some(buf, ec);
  return ec;
}

inline std::error_code how_a_write_ends(tls::stream& s, std::size_t size = 100) {
  std::error_code ec;
  s.write_all(std::string(size, 'x'), ec);
  return ec;
}

// Returns once `n` fibers are parked on something that begins so.
inline void await_waiting(std::size_t n, std::string_view what) {
  wait_until([=] {
    const process_snapshot now = snapshot();
    const auto waiting = std::count_if(now.fibers.begin(), now.fibers.end(), [what](const fiber_info& fiber) {
      return fiber.state == fiber_state::parked && std::string_view(fiber.waits_for).starts_with(what);
    });
    return static_cast<std::size_t>(waiting) == n;
  });
}

}  // namespace weft::testing
