// Room: bench. Both ends of a copy, in a process of their own: sends so much to one port of the loopback, in messages
// of one size, and expects as much from another. Exit status 1 if it is not as much.
//
//   copy_load TO FROM MIB MESSAGE
#include "listening.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <thread>
#include <vector>

namespace {

int connect_to(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  peers::must(fd >= 0, "socket");
  const sockaddr_in address = peers::loopback(port);
  peers::must(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "connect");
  peers::set_no_delay(fd);
  return fd;
}

void send_all(int to, std::size_t bytes, std::size_t message) {
  const std::vector<char> text(message, 'x');
  while (bytes != 0) {
    const ssize_t n = send(to, text.data(), std::min(bytes, message), MSG_NOSIGNAL);
    if (n < 0) return;
    bytes -= static_cast<std::size_t>(n);
  }
  shutdown(to, SHUT_WR);
}

std::size_t receive_all(int from) {
  std::vector<char> buffer(std::size_t{256} << 10);
  std::size_t bytes = 0;
  for (ssize_t n = 0; (n = recv(from, buffer.data(), buffer.size(), 0)) > 0;) bytes += static_cast<std::size_t>(n);
  return bytes;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) throw std::invalid_argument("four arguments: TO FROM MIB MESSAGE");
  const std::size_t bytes = std::size_t{peers::parse_number(argv[3], 1 << 20, "number of MiB")} << 20;
  const std::size_t message = peers::parse_number(argv[4], 1 << 30, "size of a message");
  const int to = connect_to(peers::parse_port(argv[1]));
  const int from = connect_to(peers::parse_port(argv[2]));
  std::thread sender([=] { send_all(to, bytes, message); });
  const std::size_t received = receive_all(from);
  shutdown(to, SHUT_RDWR);
  sender.join();
  if (received != bytes)
    throw std::runtime_error(std::to_string(received) + " of " + std::to_string(bytes) + " bytes came back");
} catch (const std::exception& error) {
  std::cerr << "copy_load: " << error.what() << '\n';
  return 1;
}
