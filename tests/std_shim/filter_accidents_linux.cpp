// Room: tests. A process in which the system forbids calls that filters (seccomp) of old containers do not know.
// Empty under sanitizers, which have some of these names themselves.

#include <atomic>
#include <cerrno>
#include <span>
#include <string>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <support/accident.hpp>
#include <weft/netpoll/file.hpp>
#include <weft/netpoll/process.hpp>
#include <weft/weft.hpp>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {
std::atomic<bool> filtered{false};
std::atomic<int> forbidden{0};

bool is_forbidden() noexcept {
  if (!filtered) return false;
  ++forbidden;
  errno = EPERM;
  return true;
}
}  // namespace

extern "C" [[gnu::visibility("default")]] ssize_t preadv64v2(int fd, const iovec* parts, int count, off64_t at,
                                                             int flags) {
  return is_forbidden() ? -1 : ::syscall(SYS_preadv2, fd, parts, count, at, 0L, flags);
}
extern "C" [[gnu::visibility("default")]] ssize_t pwritev64v2(int fd, const iovec* parts, int count, off64_t at,
                                                              int flags) {
  return is_forbidden() ? -1 : ::syscall(SYS_pwritev2, fd, parts, count, at, 0L, flags);
}
extern "C" [[gnu::visibility("default")]] int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  return is_forbidden() ? -1 : static_cast<int>(::syscall(SYS_sendmmsg, fd, messages, count, flags));
}
extern "C" [[gnu::visibility("default")]] int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags,
                                                       timespec* limit) {
  return is_forbidden() ? -1 : static_cast<int>(::syscall(SYS_recvmmsg, fd, messages, count, flags, limit));
}

namespace {

// All goes on by the calls that every filter knows.
ACCIDENT(calls_that_a_filter_forbids) {
  return weft::run({.workers = 2}, [] {
    filtered = true;
    const auto told = weft::net::output_of({"echo", "hi"});
    if (told.text != "hi\n") return 1;
    weft::net::process echo({"cat"}, {.in = weft::net::stdio::pipe(), .out = weft::net::stdio::pipe()});
    char bytes[4];
    echo.in().write_all("abcd");
    echo.out().read_exactly(bytes);
    const std::string host = weft::net::read_file("/proc/self/comm");
    if (host.empty()) return 2;
    auto to = weft::net::udp_socket::bind("127.0.0.1:0");
    auto from = weft::net::udp_socket::connect(to.local_address());
    const weft::net::outgoing_datagram two[2] = {{.bytes = std::as_bytes(std::span("1"))},
                                                 {.bytes = std::as_bytes(std::span("2"))}};
    if (from.send_batch(two) != 2) return 3;
    weft::net::incoming_datagram got[2];
    for (auto& each : got) each.buffer = std::as_writable_bytes(std::span(bytes));
    if (to.receive_batch(got) == 0) return 4;
    return forbidden > 3 ? 0 : 5;
  });
}

}  // namespace

#endif
