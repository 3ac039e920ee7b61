// A proxy: TLS outside, a Unix socket inside; or TCP.
//
//   proxy LISTEN CERT KEY INSIDE         proxy 127.0.0.1:8443 cert.pem key.pem /run/app.sock
//
// Whoever connects to LISTEN shakes hands, and from then on what it says goes to a connection of its own to INSIDE, and
// back; the end of either direction is passed on, and the other one lives on. Ctrl-C ends it.
#include <weft/tls.hpp>
#include <weft/weft.hpp>

#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;

constexpr auto k_patience = 10s;  // for a handshake, and for the one inside to answer

weft::net::any_stream dial_inside(const std::string& address) {
  if (address.starts_with('/') || address.starts_with('@'))
    return weft::net::dial_unix(address, {.timeout = k_patience});
  return weft::net::dial(address, {.timeout = k_patience});
}

// A connection that fails ends alone.
void serve(weft::net::tcp_stream tcp, const weft::tls::context& as, const std::string& address) try {
  auto outside = weft::tls::accept(std::move(tcp), as, {.timeout = k_patience});
  auto inside = dial_inside(address);
  weft::net::copy_both(outside, inside);
} catch (const std::exception& error) {
  std::cerr << "proxy: a connection failed: " << error.what() << '\n';
}

void accept_all(weft::net::tcp_listener listener, const weft::tls::context& as, const std::string& inside) {
  for (;;) {
    try {
      weft::go(serve, listener.accept(), as, inside);
    } catch (const std::exception& error) {
      std::cerr << "proxy: a connection was refused: " << error.what() << '\n';
      weft::this_fiber::sleep_for(10ms);  // as in http.cpp
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) return std::cerr << "proxy LISTEN CERT KEY INSIDE\n", 2;
  return weft::run([argv] {
    const auto stop = weft::signals({SIGINT, SIGTERM});
    const auto as = weft::tls::context::server(argv[2], argv[3]);
    auto listener = weft::net::listen(argv[1]);
    std::cout << "listening on " << listener.local_address() << std::endl;
    weft::go({.name = "accept"}, accept_all, std::move(listener), as, std::string(argv[4]));
    stop.recv();
    return 0;
  });
} catch (const std::exception& error) {
  std::cerr << "proxy: " << error.what() << '\n';
  return 1;
}
