#pragma once
// Room: tests of netpoll. The kinds of the network soak that need OpenSSL: TLS over TCP, and examples/proxy between TLS
// outside and a Unix socket inside.

#include "soak/soaked_pair.hpp"

namespace weft::testing {

[[nodiscard]] soak_lane begin_tls_lane();
[[nodiscard]] soak_lane begin_proxied_lane();

}  // namespace weft::testing
