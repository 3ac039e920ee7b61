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
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "figures.hpp"

namespace {

namespace tls = weft::tls;
using std::chrono::steady_clock;

constexpr std::size_t k_piece = 64 * 1024;

struct identity {
  std::string certificate, key;
};

// Both, as PEM. `write` is one of OpenSSL's.
template <class Write>
std::string text_of(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), BIO_free_all);
  char* data = nullptr;
  if (write(out.get()) != 1) throw std::runtime_error("OpenSSL makes no certificate");
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(out.get(), &data));
  return {data, size};
}

identity make_identity() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 24 * 3600);
  X509_set_pubkey(made.get(), key.get());
  X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
  X509_add_ext(made.get(), names, -1);
  X509_EXTENSION_free(names);
  X509_sign(made.get(), key.get(), EVP_sha256());
  return {text_of([&](BIO* out) { return PEM_write_bio_X509(out, made.get()); }), text_of([&](BIO* out) {
            return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

struct pair_of_contexts {
  tls::context client, server;
};

pair_of_contexts make_contexts() {
  const auto own = make_identity();
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
