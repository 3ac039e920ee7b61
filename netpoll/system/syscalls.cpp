// Room: netpoll. See syscalls.hpp.

#include "syscalls.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <iterator>

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/detail/check.hpp>

#include "faults.hpp"
#include "socket_address.hpp"

namespace weft::net::detail {

namespace {

std::error_code error_of(int number) noexcept { return {number, std::system_category()}; }

// The thread's errno. Not for the race detector: fibers that ran on the thread one after the other have all had it, and
// no release from one to the next says so. Not inlined, so that its address is never kept.
__attribute__((noinline, no_sanitize("thread"))) int last_error() noexcept { return errno; }
__attribute__((noinline, no_sanitize("thread"))) void restore_error(int number) noexcept { errno = number; }

std::error_code last_error_code() noexcept { return error_of(last_error()); }

// Calls until no signal interrupts it. A result below 0 means that errno tells why. Calls that do not block are hardly
// ever interrupted twice: who is a thousand times in a row is refused by something else, and the caller is told EINTR.
template <class Call>
auto repeat(Call call) noexcept {
  constexpr int k_most_tries = 1000;
  for (int tries = 1;; ++tries) {
    const bool is_made_up = is_faulty(fault::interrupted);
    if (is_made_up && tries < k_most_tries) continue;
    const auto result = is_made_up ? decltype(call())(-1) : call();
    if (is_made_up) restore_error(EINTR);
    if (result >= 0 || last_error() != EINTR || tries >= k_most_tries) return result;
  }
}

template <class Call>
std::error_code outcome(Call call) noexcept {
  return repeat(call) < 0 ? last_error_code() : std::error_code();
}

template <class Call>
opened open_with(Call call) noexcept {
  if (is_faulty(fault::exhausted)) {
    static constexpr int k_errors[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
    return {-1, error_of(k_errors[draw_fault_detail() % 4])};
  }
  const int fd = repeat(call);
  return fd >= 0 ? opened{fd, {}} : opened{-1, last_error_code()};
}

// `call` moves up to the bytes that it is given. A transfer that we cut short ourselves has not drained the queue.
template <class Call>
transferred transfer(int fd, std::size_t wanted, int error_of_reset, Call call) noexcept {
  std::size_t asked = wanted;
  if (is_faulty(fault::reset)) {
    ::shutdown(fd, SHUT_RDWR);  // broken for both sides, and for the calls to come
    return {0, false, false, error_of(error_of_reset)};
  }
  if (wanted > 1 && is_faulty(fault::short_transfer)) asked = 1 + draw_fault_detail() % (wanted - 1);
  const ssize_t moved = repeat([&] { return call(asked); });
  if (moved >= 0) return {static_cast<std::size_t>(moved), static_cast<std::size_t>(moved) < asked, false, {}};
  const int error = last_error();
  if (error == EAGAIN || error == EWOULDBLOCK) return {0, false, true, {}};
  return {0, false, false, error_of(error)};
}

// As many of the buffers as one call takes, together at most `most` bytes.
template <class Byte>
struct io_vector {
  static constexpr std::size_t k_capacity = 16;
  iovec parts[k_capacity];
  std::size_t count = 0;
  std::size_t bytes = 0;

  explicit io_vector(std::span<const std::span<Byte>> buffers) noexcept {
    for (const std::span<Byte>& buffer : buffers) {
      if (count == k_capacity) break;
      if (buffer.empty()) continue;
      parts[count++] = {const_cast<std::byte*>(buffer.data()), buffer.size()};
      bytes += buffer.size();
    }
  }

  void limit(std::size_t most) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      parts[i].iov_len = std::min(parts[i].iov_len, most);
      most -= parts[i].iov_len;
    }
  }

  [[nodiscard]] msghdr message() noexcept {
    msghdr m{};
    m.msg_iov = parts;
    m.msg_iovlen = count;
    return m;
  }
};

endpoint address_by(int (*get)(int, sockaddr*, socklen_t*) noexcept, int fd, std::error_code& ec) noexcept {
  socket_address address;
  ec = outcome([&] { return get(fd, address.get(), &address.size); });
  return ec ? endpoint() : endpoint_from(address.get());
}

}  // namespace

opened open_tcp_socket(bool v6) noexcept {
  return open_with(
      [v6] { return ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP); });
}

std::error_code bind_to(int fd, const endpoint& address) noexcept {
  const socket_address to(address);
  return outcome([&] { return ::bind(fd, to.get(), to.size); });
}

std::error_code start_listening(int fd, int backlog) noexcept {
  return outcome([&] { return ::listen(fd, backlog); });
}

opened accept_one(int fd) noexcept {
  if (is_faulty(fault::aborted)) return {-1, error_of(ECONNABORTED)};
  return open_with([fd] { return ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); });
}

std::error_code start_connecting(int fd, const endpoint& address) noexcept {
  const socket_address to(address);
  // Not repeated: a connect that a signal interrupted goes on by itself, and a second one would say EALREADY.
  if (::connect(fd, to.get(), to.size) == 0) return {};
  const int error = last_error();
  return error_of(error == EINTR ? EINPROGRESS : error);
}

std::error_code pending_error(int fd) noexcept {
  int pending = 0;
  socklen_t size = sizeof(pending);
  if (auto ec = outcome([&] { return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &size); })) return ec;
  return pending == 0 ? std::error_code() : error_of(pending);
}

endpoint address_of(int fd, std::error_code& ec) noexcept { return address_by(&::getsockname, fd, ec); }
endpoint peer_address_of(int fd, std::error_code& ec) noexcept { return address_by(&::getpeername, fd, ec); }

std::error_code shut_down_writing(int fd) noexcept {
  return outcome([fd] { return ::shutdown(fd, SHUT_WR); });
}

std::error_code set_option(int fd, socket_option option, int value) noexcept {
  static constexpr int k_names[][2] = {
      {SOL_SOCKET, SO_REUSEADDR},           {SOL_SOCKET, SO_REUSEPORT},   {IPPROTO_IPV6, IPV6_V6ONLY},
      {IPPROTO_TCP, TCP_NODELAY},           {IPPROTO_TCP, TCP_QUICKACK},  {SOL_SOCKET, SO_KEEPALIVE},
      {IPPROTO_TCP, TCP_KEEPIDLE},          {IPPROTO_TCP, TCP_KEEPINTVL}, {IPPROTO_TCP, TCP_KEEPCNT},
      {IPPROTO_TCP, TCP_USER_TIMEOUT},      {SOL_SOCKET, SO_RCVBUF},      {SOL_SOCKET, SO_SNDBUF},
      {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT}};
  const auto& [level, name] = k_names[static_cast<std::size_t>(option)];
  return outcome([&, l = level, n = name] { return ::setsockopt(fd, l, n, &value, sizeof(value)); });
}

std::error_code set_reset_on_close(int fd, bool on) noexcept {
  const linger value{.l_onoff = on ? 1 : 0, .l_linger = 0};
  return outcome([&] { return ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof(value)); });
}

transferred receive(int fd, std::span<std::byte> buffer) noexcept {
  return transfer(fd, buffer.size(), ECONNRESET, [&](std::size_t n) { return ::recv(fd, buffer.data(), n, 0); });
}

transferred receive(int fd, std::span<const std::span<std::byte>> buffers) noexcept {
  io_vector<std::byte> vector(buffers);
  return transfer(fd, vector.bytes, ECONNRESET, [&](std::size_t n) {
    vector.limit(n);
    msghdr message = vector.message();
    return ::recvmsg(fd, &message, 0);
  });
}

transferred send(int fd, std::span<const std::byte> buffer) noexcept {
  return transfer(fd, buffer.size(), EPIPE, [&](std::size_t n) { return ::send(fd, buffer.data(), n, MSG_NOSIGNAL); });
}

transferred send(int fd, std::span<const std::span<const std::byte>> buffers) noexcept {
  io_vector<const std::byte> vector(buffers);
  return transfer(fd, vector.bytes, EPIPE, [&](std::size_t n) {
    vector.limit(n);
    const msghdr message = vector.message();
    return ::sendmsg(fd, &message, MSG_NOSIGNAL);
  });
}

opened open_epoll() noexcept {
  return open_with([] { return ::epoll_create1(EPOLL_CLOEXEC); });
}

std::error_code watch(int epoll, int fd, std::uint32_t events, std::uint64_t key) noexcept {
  if (is_faulty(fault::unwatched)) return error_of(ENOMEM);
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  return outcome([&] { return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event); });
}

namespace {

// relaxed, at each use: found out once, by whoever is first; the answer does not change.
constinit std::atomic<bool> g_has_pwait2{true};

std::int64_t nanoseconds_until(deadline until) noexcept {
  // A deadline that is long past, such as a look that does not wait, needs no clock.
  if (until.nanoseconds() <= 0) return 0;
  return std::max<std::int64_t>(0, until.nanoseconds() - deadline::at(deadline::clock::now()).nanoseconds());
}

// Kernels before 5.11 count in milliseconds: rounded up, so that a deadline has passed when it ends.
int wait_in_milliseconds(int epoll, epoll_event* events, int room, bool forever, std::int64_t nanoseconds) noexcept {
  const std::int64_t milliseconds = nanoseconds / 1'000'000 + (nanoseconds % 1'000'000 != 0 ? 1 : 0);
  return ::epoll_wait(epoll, events, room,
                      forever ? -1 : static_cast<int>(std::min<std::int64_t>(milliseconds, INT_MAX)));
}

int wait_once(int epoll, epoll_event* events, int room, deadline until) noexcept {
  const bool forever = until.is_never();
  const std::int64_t nanoseconds = forever ? 0 : nanoseconds_until(until);
  // A look that does not wait needs no timespec, and the older call is the shorter way into the kernel.
  if (!forever && nanoseconds == 0) return ::epoll_wait(epoll, events, room, 0);
#if defined(SYS_epoll_pwait2)
  if (g_has_pwait2.load(std::memory_order_relaxed) && !is_faulty(fault::old_kernel)) {
    // The kernel's own timespec: 64 bits each, whatever the C library's is.
    const std::int64_t timeout[2] = {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    const long count =
        ::syscall(SYS_epoll_pwait2, epoll, events, room, forever ? nullptr : timeout, nullptr, std::size_t{0});
    if (count >= 0 || (last_error() != ENOSYS && last_error() != EPERM)) return static_cast<int>(count);
    // relaxed: whoever still sees true tries once more, and learns the same.
    g_has_pwait2.store(false, std::memory_order_relaxed);  // relaxed: as above
  }
#endif
  return wait_in_milliseconds(epoll, events, room, forever, nanoseconds);
}

}  // namespace

std::size_t wait_for_events(int epoll, std::span<epoll_event> events, deadline until) noexcept {
  // An interrupted wait returns nothing: the caller looks around, and comes back with the time that is left.
  if (is_faulty(fault::interrupted)) return 0;
  const int count = wait_once(epoll, events.data(), static_cast<int>(events.size()), until);
  // No other error passes: who waits would look for ever, and nobody would be woken any more.
  WEFT_CHECK(
      count >= 0 || last_error() == EINTR,
      "netpoll: the kernel refuses to wait for events; did the program close a descriptor that is not its own, or "
      "does a filter forbid epoll_wait? (descriptor, error)",
      epoll, std::strerror(last_error()));
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

opened open_event() noexcept {
  return open_with([] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
}

void raise_event(int fd) noexcept {
  const int kept = last_error();
  const std::uint64_t one = 1;
  // Cannot fail but by overflow, after 2^64 - 2 of them: and then the descriptor is readable all the same.
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof(one));
  restore_error(kept);
}

// Not repeated: Linux has freed the number even if a signal interrupted the rest.
void close_descriptor(int fd) noexcept { ::close(fd); }

bool is_exhaustion(const std::error_code& ec) noexcept {
  if (ec.category() != std::system_category()) return false;
  const int n = ec.value();
  return n == EMFILE || n == ENFILE || n == ENOBUFS || n == ENOMEM || n == ENOSPC;
}

bool is_broken_connection(const std::error_code& ec) noexcept {
  // What accept(2) says to treat as "try again": errors that are pending on the new connection.
  static constexpr int k_errors[] = {ECONNABORTED, EPROTO,       ENETDOWN,    ENOPROTOOPT, EHOSTDOWN,
                                     ENONET,       EHOSTUNREACH, ENETUNREACH, EPERM,       ETIMEDOUT};
  return ec.category() == std::system_category() &&
         std::find(std::begin(k_errors), std::end(k_errors), ec.value()) != std::end(k_errors);
}

std::error_code change_signal_action(int signal, const struct sigaction& to, struct sigaction& from) noexcept {
  return outcome([&] { return ::sigaction(signal, &to, &from); });
}

namespace {

std::error_code error_of_lookup(int result) noexcept {
  switch (result) {
    case EAI_SYSTEM: return last_error_code();
    case EAI_MEMORY: return error_of(ENOMEM);
    case EAI_AGAIN: return errc::resolver_busy;
    case EAI_SERVICE: return errc::service_not_found;
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY: return errc::host_not_found;
    default: return errc::resolver_failed;
  }
}

}  // namespace

std::vector<endpoint> look_up(const std::string& host, const std::string& service, std::error_code& ec) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int result = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), service.c_str(), &hints, &found);
  ec = result == 0 ? std::error_code() : error_of_lookup(result);
  if (ec) return {};
  std::vector<endpoint> endpoints;
  try {
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next)
      if (each->ai_family == AF_INET || each->ai_family == AF_INET6) endpoints.push_back(endpoint_from(each->ai_addr));
  } catch (...) {
    ::freeaddrinfo(found);
    throw;
  }
  ::freeaddrinfo(found);
  if (endpoints.empty()) ec = errc::host_not_found;
  return endpoints;
}

}  // namespace weft::net::detail
