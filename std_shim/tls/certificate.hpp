#pragma once
// Room: tls. What a certificate says, in words.

#include <string>
#include <vector>

#include <openssl/ssl.h>

#include <weft/tls/stream.hpp>

namespace weft::tls::detail {

// Empty if the peer has shown none.
[[nodiscard]] certificate certificate_of_peer(SSL* ssl);

// Host names and addresses that it is for.
[[nodiscard]] std::vector<std::string> names_of(const X509* of);

}  // namespace weft::tls::detail
