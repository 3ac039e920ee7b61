// An echo server: every connection is a fiber that reads and writes as if it had a thread of its own.
//
//   echo [port]            default 8080; 0 takes a free one. Ctrl-C ends it.
#include <weft/weft.hpp>

#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace {

void converse(weft::net::tcp_stream conn) {
  char buf[4096];
  std::error_code ec;                             // a peer that resets ends this conversation only
  while (const auto n = conn.read_some(buf, ec))  // 0 is end of stream, or an error in ec
    conn.write_all(std::span(buf, n), ec);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string port = argc > 1 ? argv[1] : "8080";
  return weft::run([&port] {
    const auto stop = weft::signals({SIGINT, SIGTERM});  // a channel<int>; from here on Ctrl-C is a value in it
    auto listener = weft::net::listen("127.0.0.1:" + port);
    std::cout << "listening on " << listener.local_address() << std::endl;

    weft::go([listener = std::move(listener)]() mutable {
      for (;;) weft::go(converse, listener.accept());  // accept parks this fiber only
    });

    stop.recv();
    return 0;  // cancels, unwinds and joins every fiber still alive
  });
} catch (const std::exception& error) {
  std::cerr << "echo: " << error.what() << '\n';
  return 1;
}
