// TLS between two fibers, one of which speaks something else.
#include <weft/tls.hpp>
#include <weft/weft.hpp>

#include <iostream>
#include <system_error>
#include <utility>

int main() {
  return weft::run([] {
    auto [near, far] = weft::net::pipe();
    far.write_all("HELO here\r\n");
    try {
      auto conn = weft::tls::connect(std::move(near), "example.org");
    } catch (const std::system_error& error) {
      std::cout << error.what() << '\n';
      return error.code().category() == weft::tls::openssl_category() ? 0 : 1;
    }
    return 1;
  });
}
