#pragma once
// Room: tests of netpoll. The client of a TLS connection in the network soak, and the TCP below, by which it is reset.

#include <chrono>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/tls.hpp>

#include "soak/soaked_pair.hpp"
#include "tls_support.hpp"

namespace weft::testing {

// For a handshake: longer than any on a busy machine, shorter than the patience of the soak.
inline constexpr std::chrono::seconds k_longest_handshake{30};

struct tls_end {
  net::tcp_stream tcp;
  tls::stream tls;  // refers to it

  explicit tls_end(net::tcp_stream dialed) : tcp(std::move(dialed)) {
    std::error_code ec;  // a size that the system does not take is no matter
    tcp.set_send_buffer(8192, ec);
  }

  void shake_hands() {
    tls = tls::connect(std::ref(tcp), "a.test", {.context = default_client_context(), .timeout = k_longest_handshake});
  }

  // So that the peer finds it reset.
  void break_off() {
    std::error_code ec;
    tcp.set_reset_on_close(true, ec);
    tls.close();
  }
};

[[nodiscard]] inline stream_pair pair_of(net::any_stream near, std::shared_ptr<tls_end> far) {
  net::any_stream reference(std::ref(far->tls));
  return {std::move(near), std::move(reference), [far = std::move(far)] { far->break_off(); }};
}

}  // namespace weft::testing
