// Room: bench. The limit for echo: one thread, one epoll descriptor, level-triggered, nothing around it. It reads what
// is there, writes it back, and waits for room only when the peer does not take it.
//
//   epoll_echo [port]
#include "listening.hpp"

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <memory>
#include <unordered_map>

namespace {

struct conversation {
  int fd;
  std::size_t from = 0;  // [from, to) of the buffer is owed to the peer
  std::size_t to = 0;
  std::array<char, 4096> buffer;
};

class echo_loop {
 public:
  explicit echo_loop(std::uint16_t port)
      : listener_(peers::listen_on(port, SOCK_NONBLOCK)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    peers::must(epoll_ >= 0, "epoll_create1");
    watch(EPOLL_CTL_ADD, listener_, EPOLLIN, nullptr);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      peers::must(count >= 0 || errno == EINTR, "epoll_wait");
      for (int i = 0; i < count; ++i) {
        auto* const who = static_cast<conversation*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (who == nullptr)
          accept_all();
        else if (!turn(*who))
          forget(*who);
      }
    }
  }

 private:
  void watch(int operation, int fd, std::uint32_t wanted, conversation* who) {
    epoll_event event{};
    event.events = wanted;
    event.data.ptr = who;
    peers::must(epoll_ctl(epoll_, operation, fd, &event) == 0, "epoll_ctl");
  }

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      peers::set_no_delay(fd);
      auto& who = open_[fd] = std::make_unique<conversation>();
      who->fd = fd;
      watch(EPOLL_CTL_ADD, fd, EPOLLIN, who.get());
    }
  }

  // False: the conversation is over.
  bool turn(conversation& who) {
    if (who.from == who.to) {
      const ssize_t got = recv(who.fd, who.buffer.data(), who.buffer.size(), 0);
      if (got < 0) return errno == EAGAIN || errno == EINTR;
      if (got == 0) return false;
      who.from = 0;
      who.to = static_cast<std::size_t>(got);
      return give(who, false);
    }
    return give(who, true);
  }

  bool give(conversation& who, bool waited) {
    const ssize_t put = send(who.fd, who.buffer.data() + who.from, who.to - who.from, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (put > 0) who.from += static_cast<std::size_t>(put);
    const bool owes = who.from != who.to;
    if (owes != waited) watch(EPOLL_CTL_MOD, who.fd, owes ? EPOLLOUT : EPOLLIN, &who);
    return true;
  }

  void forget(conversation& who) {
    const int fd = who.fd;
    close(fd);
    open_.erase(fd);
  }

  int listener_;
  int epoll_;
  std::unordered_map<int, std::unique_ptr<conversation>> open_;
};

}  // namespace

int main(int argc, char** argv) try {
  echo_loop(argc > 1 ? peers::parse_port(argv[1]) : 8080).run();
} catch (const std::exception& error) {
  std::cerr << "epoll_echo: " << error.what() << '\n';
  return 1;
}
