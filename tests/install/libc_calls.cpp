// Room: tests. libc's calls under weft's name, as the documentation shows them: a server and clients as anybody has
// them on threads, and all of them on one worker.
#include <weft/posix.hpp>
#include <weft/weft.hpp>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <netdb.h>
#include <netinet/in.h>
#include <string>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <termios.h>
#include <unistd.h>

namespace posix = weft::posix;
using namespace std::chrono_literals;

// The signatures are POSIX's, and none of them throws.
template <class R, class... A>
static constexpr bool is_libcs(R (*)(A...) noexcept, R (*)(A...)) {
  return true;
}
static_assert(is_libcs(posix::read, ::read) && is_libcs(posix::write, ::write) && is_libcs(posix::readv, ::readv) &&
              is_libcs(posix::writev, ::writev) && is_libcs(posix::pread, ::pread) &&
              is_libcs(posix::pwrite, ::pwrite) && is_libcs(posix::preadv, ::preadv) &&
              is_libcs(posix::pwritev, ::pwritev) && is_libcs(posix::sendfile, ::sendfile) &&
              is_libcs(posix::splice, ::splice) && is_libcs(posix::fsync, ::fsync) &&
              is_libcs(posix::fdatasync, ::fdatasync) && is_libcs(posix::tcdrain, ::tcdrain));
static_assert(is_libcs(posix::recv, ::recv) && is_libcs(posix::recvfrom, ::recvfrom) &&
              is_libcs(posix::recvmsg, ::recvmsg) && is_libcs(posix::recvmmsg, ::recvmmsg) &&
              is_libcs(posix::send, ::send) && is_libcs(posix::sendto, ::sendto) &&
              is_libcs(posix::sendmsg, ::sendmsg) && is_libcs(posix::sendmmsg, ::sendmmsg) &&
              is_libcs(posix::accept, ::accept) && is_libcs(posix::accept4, ::accept4) &&
              is_libcs(posix::connect, ::connect));
static_assert(is_libcs(posix::poll, ::poll) && is_libcs(posix::ppoll, ::ppoll) && is_libcs(posix::select, ::select) &&
              is_libcs(posix::pselect, ::pselect) && is_libcs(posix::epoll_wait, ::epoll_wait) &&
              is_libcs(posix::epoll_pwait, ::epoll_pwait) && is_libcs(posix::nanosleep, ::nanosleep) &&
              is_libcs(posix::clock_nanosleep, ::clock_nanosleep) && is_libcs(posix::usleep, ::usleep) &&
              is_libcs(posix::sleep, ::sleep));
static_assert(is_libcs(posix::waitpid, ::waitpid) && is_libcs(posix::wait4, ::wait4) &&
              is_libcs(posix::waitid, ::waitid) && is_libcs(posix::getaddrinfo, ::getaddrinfo) &&
              is_libcs(posix::getnameinfo, ::getnameinfo) && is_libcs(posix::gethostbyname, ::gethostbyname) &&
              is_libcs(posix::system, ::system) && is_libcs(posix::popen, ::popen) &&
              is_libcs(posix::pclose, ::pclose) && is_libcs(posix::sigwait, ::sigwait) &&
              is_libcs(posix::sigwaitinfo, ::sigwaitinfo) && is_libcs(posix::sigtimedwait, ::sigtimedwait) &&
              is_libcs(posix::close, ::close));
// glibc says of these that they do not throw, either.
template <class R, class... A>
static constexpr bool is_glibcs(R (*)(A...) noexcept, R (*)(A...) noexcept) {
  return true;
}
static_assert(is_glibcs(posix::flock, ::flock) && is_glibcs(posix::dup2, ::dup2));
static_assert(noexcept(posix::fcntl(0, F_GETFD)));

static constexpr int clients = 50;

static int listen_on_loopback() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 || ::listen(fd, clients) != 0)
    std::cout << "no listener: " << std::strerror(errno) << '\n';
  return fd;
}

static std::string port_of(int listener) {
  sockaddr_in where{};
  socklen_t size = sizeof where;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&where), &size);
  return std::to_string(ntohs(where.sin_port));
}

// Says back one line, but to nobody before everybody has asked.
static void serve_one(int conn, weft::latch& all_have_asked) {
  char line[64];
  const ssize_t size = posix::read(conn, line, sizeof line);
  all_have_asked.arrive_and_wait();
  if (size > 0) posix::write(conn, line, static_cast<std::size_t>(size));
  posix::close(conn);
}

static int connect_by_name(const std::string& port) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (posix::getaddrinfo("127.0.0.1", port.c_str(), &hints, &found) != 0) return -1;
  const int fd = ::socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
  const int status = posix::connect(fd, found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return status == 0 ? fd : -1;
}

static bool is_answered(const std::string& port, int number) {
  const int fd = connect_by_name(port);
  const std::string question = "question " + std::to_string(number);
  posix::send(fd, question.data(), question.size(), MSG_NOSIGNAL);
  pollfd readable{fd, POLLIN, 0};
  if (posix::poll(&readable, 1, -1) != 1) return false;
  char answer[64];
  const ssize_t size = posix::recv(fd, answer, sizeof answer, 0);
  const bool is_right = size > 0 && question == std::string(answer, static_cast<std::size_t>(size)) &&
                        posix::read(fd, answer, sizeof answer) == 0;
  posix::close(fd);
  return is_right;
}

static void side_by_side() {
  const int listener = listen_on_loopback();
  const std::string port = port_of(listener);
  weft::latch all_have_asked(clients);
  weft::task_group server;
  server.go([&] {
    for (int i = 0; i < clients; ++i) {
      const int conn = posix::accept(listener, nullptr, nullptr);
      server.go([&, conn] { serve_one(conn, all_have_asked); });
    }
  });
  std::atomic<int> answered{0};
  weft::task_group askers;
  for (int i = 0; i < clients; ++i)
    askers.go([&, i] { answered += is_answered(port, i); });
  askers.wait();
  server.wait();
  posix::close(listener);
  std::cout << answered << " clients asked at once, and all were answered\n";
}

// -1 and errno, as of every other failure: none of it is an exception.
static void failures() {
  char byte = 0;
  std::cout << "no such number: " << (posix::read(-1, &byte, 1) == -1 && posix::last_error() == EBADF) << '\n';

  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
  weft::latch reads(1);
  auto reader = weft::spawn([&] {
    reads.count_down();
    const ssize_t n = posix::read(ends[0], &byte, 1);
    const int error = posix::last_error();
    return n == -1 && error == ECANCELED;
  });
  reads.wait();
  reader.request_stop();
  std::cout << "a reader that is asked to end: " << reader.join() << '\n';

  const bool limited = weft::with_timeout(1ms, [&] {
    const timespec hour{3600, 0};
    return posix::nanosleep(&hour, nullptr) == -1 && posix::last_error() == ECANCELED;
  });
  std::cout << "a sleeper with a time limit: " << limited << '\n';
  posix::close(ends[0]);
  posix::close(ends[1]);
}

// Straight to libc.
static void on_a_plain_thread() {
  const timespec moment{0, 1000};
  std::cout << "on a plain thread: " << (posix::nanosleep(&moment, nullptr) == 0) << '\n';
}

int main() {
  std::cout << std::boolalpha;
  weft::run(weft::options{.workers = 1}, [] {
    side_by_side();
    failures();
  });
  on_a_plain_thread();
}
