// Room: bench. TLS, both ends in this process, over TCP on the loopback: what a full handshake costs, and a MiB one
// way.
//
//   secure [seconds [workers [clients]]]          default 2 seconds each, as many workers as CPUs, 8 clients
//
// The certificate is of P-256 and signed by itself, TLS is 1.3; every handshake checks the certificate and resumes
// nothing.
#include <weft/tls.hpp>
#include <weft/weft.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <utility>
#include <vector>

#include "certifying.hpp"
#include "figures.hpp"

namespace {

namespace tls = weft::tls;
using std::chrono::steady_clock;

constexpr std::size_t k_piece = 64 * 1024;

struct pair_of_contexts {
  tls::context client, server;
};

pair_of_contexts make_contexts() {
  const auto own = certifying::make_identity();
  return {tls::context::client({.trust_pem = own.certificate, .min_version = tls::version::tls_1_3, .resume = false}),
          tls::context::server({.certificate_pem = own.certificate, .key_pem = own.key})};
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

double handshakes_ns(const weft::net::endpoint& to, const tls::context& as, std::size_t clients,
                     std::chrono::seconds length) {
  const auto begin = steady_clock::now();
  std::atomic<std::size_t> count{0};
  weft::task_group all;
  for (std::size_t i = 0; i < clients; ++i)
    all.go([&] {
      while (steady_clock::now() - begin < length) {
        auto conn = connect(to, as);
        // relaxed: read after the group has been waited for.
        count.fetch_add(1, std::memory_order_relaxed);
      }
    });
  all.wait();
  const auto took = steady_clock::now() - begin;
  return figures::in_us(took) * 1e3 / static_cast<double>(count.load(std::memory_order_relaxed));
}

double mebibyte_us(const weft::net::endpoint& to, const tls::context& as, std::chrono::seconds length) {
  auto conn = connect(to, as);
  const std::vector<char> piece(k_piece, 'x');
  const auto begin = steady_clock::now();
  std::size_t sent = 0;
  for (; steady_clock::now() - begin < length; sent += piece.size()) conn.write_all(piece);
  return figures::in_us(steady_clock::now() - begin) * (1 << 20) / static_cast<double>(sent);
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
      out.add("handshake_ns", handshakes_ns(to, contexts.client, clients, length));
      out.add("mebibyte_us", mebibyte_us(to, contexts.client, length));
    });
  });
}
