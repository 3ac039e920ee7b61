// Room: bench. The limit for echo over UDP and Unix sockets: one thread, one epoll descriptor, nothing around it.
// Messages of up to 4 KiB, each answered by one write: what the peer has no room for counts as an error here.
//
//   epoll_socket_echo udp|unix
#include "local_address.hpp"

#include <sys/epoll.h>

#include <array>

namespace {

struct watched {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  void add(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    peers::must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
  }
  template <class Turn>
  [[noreturn]] void run(Turn turn) const {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
      peers::must(count >= 0 || errno == EINTR, "epoll_wait");
      for (int i = 0; i < count; ++i) turn(events[static_cast<std::size_t>(i)].data.fd);
    }
  }
};

std::array<char, 4096> buffer;

[[noreturn]] void serve_udp() {
  const int fd = peers::open_socket(peers::transport::udp, SOCK_NONBLOCK);
  const int room = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  peers::any_address here = peers::address_of(peers::transport::udp, 0);
  peers::must(bind(fd, here.get(), here.size) == 0 && getsockname(fd, here.get(), &here.size) == 0, "bind");
  peers::announce(ntohs(reinterpret_cast<const sockaddr_in*>(&here.storage)->sin_port));
  const watched all;
  all.add(fd);
  all.run([](int ready) {
    for (;;) {  // until there is no more: cheaper than to be told of each
      peers::any_address from;
      from.size = sizeof from.storage;
      const ssize_t got = recvfrom(ready, buffer.data(), buffer.size(), 0, from.get(), &from.size);
      if (got < 0) return;
      sendto(ready, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL, from.get(), from.size);
    }
  });
}

[[noreturn]] void serve_unix() {
  const int listener = peers::open_socket(peers::transport::local, SOCK_NONBLOCK);
  const auto number = static_cast<unsigned>(getpid());
  peers::any_address here = peers::address_of(peers::transport::local, number);
  peers::must(bind(listener, here.get(), here.size) == 0 && listen(listener, 4096) == 0, "listen");
  std::cout << "listening on 127.0.0.1:" << number << std::endl;
  const watched all;
  all.add(listener);
  all.run([&](int ready) {
    if (ready == listener) {
      for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) all.add(fd);
      return;
    }
    const ssize_t got = recv(ready, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0 || send(ready, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) close(ready);
  });
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) throw std::invalid_argument("usage: epoll_socket_echo udp|unix");
  peers::parse_transport(argv[1]) == peers::transport::udp ? serve_udp() : serve_unix();
} catch (const std::exception& error) {
  std::cerr << "epoll_socket_echo: " << error.what() << '\n';
  return 1;
}
