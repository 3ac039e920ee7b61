// Room: bench. TLS, both ends in this process, over TCP on the loopback: what a full handshake costs, and a MiB one
// way; the CPU time of both, of both ends together.
//
//   secure [seconds [workers [clients]]]          default 2 seconds each, as many workers as CPUs, 8 clients
//
// The certificate is of P-256 and signed by itself, TLS is 1.3, keys are agreed on by X25519, the cipher is
// AES-128-GCM; every handshake checks the certificate and resumes nothing, and no ticket is given out.
#include <weft/tls.hpp>
#include <weft/weft.hpp>

#include <atomic>
#include <chrono>
#include <utility>
#include <vector>

#include "certifying.hpp"
#include "figures.hpp"

namespace {

namespace tls = weft::tls;

constexpr std::size_t k_piece = 64 * 1024;

struct pair_of_contexts {
  tls::context client, server;
};

pair_of_contexts make_contexts() {
  const auto own = certifying::make_identity();
  return {tls::context::client({.trust_pem = own.certificate, .min_version = tls::version::tls_1_3, .resume = false}),
          tls::context::server({.certificate_pem = own.certificate, .key_pem = own.key, .tickets = false})};
}

// Serves each connection until its client is gone.
void accept_all(weft::net::tcp_listener listener, const tls::context& as) {
  for (;;)
    weft::go([tcp = listener.accept(), as]() mutable {
      std::error_code ec;
      auto conn = tls::accept(std::move(tcp), as, ec);
      std::vector<char> buf(k_piece);
      while (!ec && conn.read_some(buf, ec) > 0) continue;
    });
}

tls::stream connect(const weft::net::endpoint& to, const tls::context& as) {
  return tls::connect(weft::net::dial(to), "localhost", {.context = as});
}

void shake_hands(const weft::net::endpoint& to, const tls::context& as, std::size_t clients,
                 std::chrono::seconds length, figures::line& out) {
  const figures::stopwatch watch;
  std::atomic<std::size_t> count{0};
  weft::task_group all;
  for (std::size_t i = 0; i < clients; ++i)
    all.go([&] {
      while (watch.elapsed() < length) {
        auto conn = connect(to, as);
        // relaxed: read after the group has been waited for.
        count.fetch_add(1, std::memory_order_relaxed);
      }
    });
  all.wait();
  const auto shaken = static_cast<double>(count.load(std::memory_order_relaxed));
  out.add("handshake_us", watch.us_of_each(shaken));
  out.add("handshake_cpu_us", watch.cpu_us_of_each(shaken));
}

void send_much(const weft::net::endpoint& to, const tls::context& as, std::chrono::seconds length, figures::line& out) {
  auto conn = connect(to, as);
  const std::vector<char> piece(k_piece, 'x');
  const figures::stopwatch watch;
  std::size_t sent = 0;
  for (; watch.elapsed() < length; sent += piece.size()) conn.write_all(piece);
  out.add("mebibyte_us", watch.us_of_each(static_cast<double>(sent) / (1 << 20)));
  out.add("mebibyte_cpu_us", watch.cpu_us_of_each(static_cast<double>(sent) / (1 << 20)));
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("secure", [&] {
    const std::chrono::seconds length(figures::argument(argc, argv, 1, "the number of seconds", 2));
    const std::size_t workers = figures::argument(argc, argv, 2, "the number of workers", 0);
    const std::size_t clients = figures::argument(argc, argv, 3, "the number of clients", 8);
    const auto contexts = make_contexts();
    weft::run({.workers = workers}, [&] {
      auto listener = weft::net::listen("127.0.0.1:0");
      const auto to = listener.local_address();
      weft::go(accept_all, std::move(listener), contexts.server);
      figures::line out;
      shake_hands(to, contexts.client, clients, length, out);
      send_much(to, contexts.client, length, out);
    });
  });
}
