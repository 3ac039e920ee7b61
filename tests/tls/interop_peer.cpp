// Room: tests of tls. A peer for other implementations (interop.py):
//
//   interop_peer make DIR                    ca.pem, cert.pem and key.pem for "localhost" and 127.0.0.1
//   interop_peer serve DIR                   says its port; gives back what it is sent
//   interop_peer dial HOST:PORT DIR          sends its standard input, ends, and writes what comes back
//
// What was agreed on goes to stderr: "TLS_AES_128_GCM_SHA256 resumed=0".
#include <weft/tls.hpp>
#include <weft/weft.hpp>

#include <array>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "tls_support.hpp"

namespace {

namespace net = weft::net;
namespace tls = weft::tls;

void keep(const std::string& file, const std::string& text) {
  std::ofstream out(file);
  if (!(out << text).flush()) throw std::runtime_error("cannot write " + file);
}

void make(const std::string& dir) {
  const auto& authority = weft::testing::our_authority();
  const auto own = authority.issue("localhost", "DNS:localhost,IP:127.0.0.1");
  keep(dir + "/ca.pem", authority.pem());
  keep(dir + "/cert.pem", own.certificate);
  keep(dir + "/key.pem", own.key);
}

void tell(const tls::stream& conn) { std::cerr << conn.cipher() << " resumed=" << conn.is_resumed() << std::endl; }

void echo(net::tcp_stream tcp, const tls::context& as) try {
  auto conn = tls::accept(std::move(tcp), as);
  tell(conn);
  std::array<char, 4096> buf;
  while (const auto n = conn.read_some(buf)) conn.write_all(std::span(buf).first(n));
  conn.shutdown_write();
} catch (const std::exception& error) {
  std::cerr << error.what() << std::endl;
}

void serve(const std::string& dir) {
  const auto as = tls::context::server(dir + "/cert.pem", dir + "/key.pem");
  auto listener = net::listen("127.0.0.1:0");
  std::cout << listener.local_address().port() << std::endl;
  for (;;) weft::go(echo, listener.accept(), as);
}

void dial(const std::string& address, const std::string& dir) {
  const auto as = tls::context::client({.trust_file = dir + "/ca.pem"});
  auto conn = tls::dial(address, {.context = as, .timeout = std::chrono::seconds(10)});
  tell(conn);
  const std::string said{std::istreambuf_iterator<char>(std::cin), {}};
  auto writing = weft::spawn([&] { conn.write_all(said); });
  std::string heard(said.size(), '\0');
  conn.read_exactly(heard);
  writing.join();
  conn.shutdown_write();
  std::cout << heard << std::flush;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string what = argc > 2 ? argv[1] : "";
  if (what == "make") return make(argv[2]), 0;
  if (what != "serve" && (what != "dial" || argc < 4)) {
    std::cerr << "interop_peer make DIR | serve DIR | dial HOST:PORT DIR\n";
    return 2;
  }
  weft::run([&] { what == "serve" ? serve(argv[2]) : dial(argv[2], argv[3]); });
  return 0;
} catch (const std::exception& error) {
  std::cerr << "interop_peer: " << error.what() << '\n';
  return 1;
}
