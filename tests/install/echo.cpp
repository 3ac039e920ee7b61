#include <weft/weft.hpp>

int main() {
  return weft::run([] {
    auto listener = weft::net::listen("127.0.0.1:8080");       // net::tcp_listener
    for (;;) {
      auto conn = listener.accept();                           // net::tcp_stream; parks this fiber only
      weft::go([conn = std::move(conn)]() mutable {
        char buf[4096];
        std::error_code ec;                                    // a peer that resets ends this conversation only
        while (auto n = conn.read_some(buf, ec)) {             // 0 is end of stream, or an error in ec
          conn.write_all(std::span(buf, n), ec);
          if (ec) break;                                       // the next call would clear it, and the bytes be lost
        }
      });
    }
    return 0;
  });
}
