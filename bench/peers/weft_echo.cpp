// Room: bench. The echo server as weft has it, with the number of workers as an argument. examples/echo.cpp is the one
// to copy.
//
//   weft_echo [port [workers [chunks]]]          default 8080, and as many workers as CPUs (0: the same); with the word
//                                                chunks each read borrows its buffer, otherwise each fiber has its own
#include <weft/weft.hpp>

#include "echoing.hpp"
#include "listening.hpp"

int main(int argc, char** argv) try {
  const std::uint16_t port = argc > 1 ? peers::parse_port(argv[1]) : 8080;
  const std::size_t workers = argc > 2 ? peers::parse_number(argv[2], 256, "number of workers") : 0;
  const bool in_chunks = argc > 3 && std::string_view(argv[3]) == "chunks";
  if (argc > 3 && !in_chunks) throw std::invalid_argument("not 'chunks': '" + std::string(argv[3]) + "'");
  weft::run({.workers = workers}, [=] {
    auto listener = weft::net::listen("127.0.0.1:" + std::to_string(port));
    peers::announce(listener.local_address().port());
    echoing::serve(std::move(listener), in_chunks ? echoing::converse_in_chunks : echoing::converse);
  });
} catch (const std::exception& error) {
  std::cerr << "weft_echo: " << error.what() << '\n';
  return 1;
}
