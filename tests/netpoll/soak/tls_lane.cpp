// Room: tests of netpoll. See tls_lanes.hpp. TLS over TCP, both ends ours.

#include <memory>
#include <system_error>
#include <utility>

#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/tls.hpp>

#include "soak/accept_peer.hpp"
#include "soak/tls_end.hpp"
#include "soak/tls_lanes.hpp"
#include "tls_support.hpp"

namespace weft::testing {

soak_lane begin_tls_lane() {
  auto listener = std::make_shared<net::tcp_listener>(net::listen("127.0.0.1:0"));
  return [listener, to = listener->local_address()]() -> soaked_pair {
    const auto far = std::make_shared<tls_end>(net::dial(to));
    net::tcp_stream accepted = accept_peer_of(*listener, far->tcp);
    std::error_code refused;
    auto shaking = spawn([&] {
      return tls::accept(std::move(accepted), default_server_context(), {.timeout = k_longest_handshake}, refused);
    });
    far->shake_hands();
    tls::stream near = shaking.join();
    if (refused) throw std::system_error(refused);
    return pair_of(std::move(near), far);
  };
}

}  // namespace weft::testing
