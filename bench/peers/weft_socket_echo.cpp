// Room: bench. The echo server over UDP and Unix sockets as weft has it.
//
//   weft_socket_echo udp|batch|unix [workers]          batch: UDP by receive_batch and send_batch
#include <weft/weft.hpp>

#include <array>

#include "local_address.hpp"

namespace {

using weft::net::udp_socket;

udp_socket bind_udp() {
  auto socket = udp_socket::bind("127.0.0.1:0", {.receive_buffer = 4 << 20});
  peers::announce(socket.local_address().port());
  return socket;
}

void serve_udp() {
  auto socket = bind_udp();
  std::array<std::byte, 4096> buffer;
  weft::net::endpoint from;
  for (;;) {
    const auto got = socket.receive_from(buffer, from);
    socket.send_to(std::span(buffer).first(got.count), from);
  }
}

void serve_batches() {
  auto socket = bind_udp();
  std::array<std::array<std::byte, 4096>, 32> buffers;
  std::array<weft::net::incoming_datagram, 32> in;
  std::array<weft::net::outgoing_datagram, 32> out;
  for (std::size_t i = 0; i < in.size(); ++i) in[i].buffer = buffers[i];
  for (;;) {
    const std::size_t count = socket.receive_batch(in);
    for (std::size_t i = 0; i < count; ++i) out[i] = {in[i].buffer.first(in[i].received.count), in[i].from};
    socket.send_batch(std::span(out).first(count));
  }
}

void converse(weft::net::unix_stream conn) {
  char buf[4096];
  std::error_code ec;
  while (const auto n = conn.read_some(buf, ec)) {
    conn.write_all(std::span(buf, n), ec);
    if (ec) break;
  }
}

void serve_unix() {
  const auto number = static_cast<unsigned>(getpid());
  auto listener = weft::net::listen_unix("@" + peers::local_name(number), {.takes_descriptors = false});
  std::cout << "listening on 127.0.0.1:" << number << std::endl;
  for (;;) weft::go(converse, listener.accept());
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) throw std::invalid_argument("usage: weft_socket_echo udp|batch|unix [workers]");
  const std::size_t workers = argc > 2 ? peers::parse_number(argv[2], 256, "number of workers") : 0;
  const std::string_view kind = argv[1];
  weft::run({.workers = workers}, [kind] {
    if (kind == "batch") return serve_batches();
    peers::parse_transport(kind) == peers::transport::udp ? serve_udp() : serve_unix();
  });
} catch (const std::exception& error) {
  std::cerr << "weft_socket_echo: " << error.what() << '\n';
  return 1;
}
