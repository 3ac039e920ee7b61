// An echo server: every connection is a fiber that reads and writes as if it had a thread of its own.
//
//   echo [port]            default 8080; 0 takes a free one. Ctrl-C ends it.
#include <weft/weft.hpp>

#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;

void converse(weft::net::tcp_stream conn) {
  std::error_code ec;                             // a peer that resets ends this conversation only
  while (const auto got = conn.read_chunk(ec)) {  // waits without a buffer; empty is end of stream, or an error in ec
    conn.write_all(got, ec);
    if (ec) break;  // the next call would clear it, and the bytes be lost
  }
}

// No error ends the server: not a peer that is turned away for want of a stack, nor one of accept that nobody foresaw.
// Being cancelled is no std::exception, and ends it.
void accept_all(weft::net::tcp_listener listener) {
  for (;;) {
    try {
      weft::go(converse, listener.accept());  // accept parks this fiber only
    } catch (const std::exception& error) {
      std::cerr << "echo: a connection was refused: " << error.what() << '\n';
      weft::this_fiber::sleep_for(10ms);  // an error that comes back and back must not fill the log
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string port = argc > 1 ? argv[1] : "8080";
  return weft::run([&port] {
    const auto stop = weft::signals({SIGINT, SIGTERM});  // a channel<int>; from here on Ctrl-C is a value in it
    auto listener = weft::net::listen("127.0.0.1:" + port);
    std::cout << "listening on " << listener.local_address() << std::endl;

    weft::go({.name = "accept"}, accept_all, std::move(listener));
    stop.recv();
    return 0;  // cancels, unwinds and joins every fiber still alive
  });
} catch (const std::exception& error) {
  std::cerr << "echo: " << error.what() << '\n';
  return 1;
}
