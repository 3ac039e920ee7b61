// Room: tests. A server as it stands in textbooks, with a thread for each connection. It is built twice, and
// preloaded_test.cpp runs both: knowing nothing of weft, to be run under LD_PRELOAD; and with all that a program needs
// to know of it, a line for its threads and one around main. Writes its process and its port in one line, and serves
// until it is killed.

#include <cstdio>
#include <thread>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef WEFT_IS_KNOWN
#include <weft/weft.hpp>
#endif

namespace {

#ifdef WEFT_IS_KNOWN
using thread = weft::thread;
#else
using thread = std::thread;
#endif

void serve(int peer) {
  char buffer[4096];
  for (ssize_t n; (n = ::read(peer, buffer, sizeof buffer)) > 0;)
    for (ssize_t done = 0; done < n;) {
      const ssize_t more = ::write(peer, buffer + done, static_cast<std::size_t>(n - done));
      if (more < 0) break;
      done += more;
    }
  ::close(peer);
}

int serve_all() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&where), size) != 0 || ::listen(listener, 4096) != 0) return 1;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&where), &size);
  std::printf("%d %d\n", ::getpid(), ntohs(where.sin_port));
  std::fflush(stdout);
  for (;;) {
    const int peer = ::accept(listener, nullptr, nullptr);
    if (peer < 0) return 1;
    thread(serve, peer).detach();
  }
}

}  // namespace

#ifdef WEFT_IS_KNOWN
int main() { return weft::run(weft::options{.workers = 2}, serve_all); }
#else
int main() { return serve_all(); }
#endif
