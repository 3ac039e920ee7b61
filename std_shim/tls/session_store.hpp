#pragma once
// Room: tls. The sessions that a client may resume, by the name of the server. A session of TLS 1.3 is used once, so
// that nobody can tell two connections to be the same client's; one of TLS 1.2 until another takes its place.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <openssl/ssl.h>

namespace weft::tls::detail {

struct frees_session {
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using session_handle = std::unique_ptr<SSL_SESSION, frees_session>;

// Any thread. Its lock is held for a look into a map, never across a switch point: OpenSSL's callbacks call put.
class session_store {
 public:
  void put(const std::string& name, session_handle session);

  // Null if there is none.
  [[nodiscard]] session_handle take(const std::string& name);

 private:
  struct kept {
    std::uint64_t last_use = 0;
    std::vector<session_handle> sessions;  // the newest last
  };

  void forget_oldest();

  static constexpr std::size_t k_most_names = 256;
  static constexpr std::size_t k_most_of_one = 4;

  std::mutex mutex_;
  std::uint64_t uses_ = 0;
  std::map<std::string, kept> by_name_;
};

}  // namespace weft::tls::detail
