// Room: bench. The limit of a copy from socket to socket: one thread that blocks, and a loop around splice by way of a
// pipe, or around a buffer.
//
//   bare_copy splice|buffer SIZE [MiB [message]]          SIZE: of the pipe, or the buffer, in bytes
#include "copy_loading.hpp"
#include "listening.hpp"

#include <string_view>
#include <vector>

#include <fcntl.h>

namespace {

struct connected {
  int from, to;
};

int accept_one(int listener) {
  const int fd = accept(listener, nullptr, nullptr);
  peers::must(fd >= 0, "accept");
  peers::set_no_delay(fd);
  return fd;
}

void splice_all(const connected& way, std::size_t size) {
  int ends[2];
  peers::must(pipe(ends) == 0, "pipe");
  peers::must(fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(size)) >= 0, "the size of a pipe");
  for (;;) {
    ssize_t n = splice(way.from, nullptr, ends[1], nullptr, size, SPLICE_F_MOVE);
    peers::must(n >= 0, "splice");
    if (n == 0) return;
    for (ssize_t put = 0; n != 0; n -= put) {
      put = splice(ends[0], nullptr, way.to, nullptr, static_cast<std::size_t>(n), SPLICE_F_MOVE);
      peers::must(put > 0, "splice");
    }
  }
}

void pass_all(const connected& way, std::size_t size) {
  std::vector<char> buffer(size);
  for (;;) {
    const ssize_t n = recv(way.from, buffer.data(), size, 0);
    peers::must(n >= 0, "recv");
    if (n == 0) return;
    for (ssize_t done = 0; done < n;) {
      const ssize_t put = send(way.to, buffer.data() + done, static_cast<std::size_t>(n - done), MSG_NOSIGNAL);
      peers::must(put > 0, "send");
      done += put;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("bare_copy", [&] {
    const std::string_view how = argc > 1 ? argv[1] : "";
    if (how != "splice" && how != "buffer")
      throw std::invalid_argument("splice or buffer, and not " + std::string(how));
    const std::size_t size = figures::argument(argc, argv, 2, "the size", std::size_t{1} << 20);
    const auto what = copy_loading::arguments(argc, argv, 3);
    std::uint16_t in_port = 0;
    std::uint16_t out_port = 0;
    const int in = peers::listen_quietly(in_port, 0);
    const int out = peers::listen_quietly(out_port, 0);
    std::FILE* const running = copy_loading::start(in_port, out_port, what);
    const connected way{accept_one(in), accept_one(out)};
    copy_loading::measure(running, what, [&] {
      if (how == "splice")
        splice_all(way, size);
      else
        pass_all(way, size);
      shutdown(way.to, SHUT_WR);
    });
  });
}
