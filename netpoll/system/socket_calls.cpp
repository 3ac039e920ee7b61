// Room: netpoll. See socket_calls.hpp.

#include "socket_calls.hpp"

#include "calling.hpp"
#include "socket_address.hpp"
#include "system_sockets.hpp"

namespace weft::net::detail {

namespace {

endpoint address_by(int (*get)(int, sockaddr*, socklen_t*), int fd, std::error_code& ec) noexcept {
  socket_address address;
  ec = outcome([&] { return get(fd, address.get(), &address.size); });
  return ec ? endpoint() : endpoint_from(address.get());
}

}  // namespace

opened open_tcp_socket(bool v6) noexcept {
  return open_with([v6] { return new_socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, IPPROTO_TCP); });
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
  return open_with([fd] { return new_connection(fd); });
}

std::error_code start_connecting(int fd, const endpoint& address) noexcept {
  const socket_address to(address);
  if (const int refused = drawn_refusal()) return error_of(refused);
  // Not repeated: a connect that a signal interrupted goes on by itself, and a second one would say EALREADY.
  const bool is_interrupted = is_faulty(fault::interrupted);
  if (::connect(fd, to.get(), to.size) == 0) return error_of(is_interrupted ? EINPROGRESS : 0);
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
  const option_name its = name_of(option);
  if (its.name == option_name::k_needless) return {};
  if (its.name == option_name::k_unknown) return error_of(ENOPROTOOPT);
  return outcome([&] { return ::setsockopt(fd, its.level, its.name, &value, sizeof(value)); });
}

std::error_code set_reset_on_close(int fd, bool on) noexcept {
  const linger value{.l_onoff = on ? 1 : 0, .l_linger = 0};
  return outcome([&] { return ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof(value)); });
}

bool is_broken_connection(const std::error_code& ec) noexcept {
  return ec.category() == std::system_category() && is_of_a_broken_connection(ec.value());
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
  return transfer(fd, buffer.size(), EPIPE, [&](std::size_t n) { return ::send(fd, buffer.data(), n, k_no_signal); });
}

transferred send(int fd, std::span<const std::span<const std::byte>> buffers) noexcept {
  io_vector<const std::byte> vector(buffers);
  return transfer(fd, vector.bytes, EPIPE, [&](std::size_t n) {
    vector.limit(n);
    const msghdr message = vector.message();
    return ::sendmsg(fd, &message, k_no_signal);
  });
}

}  // namespace weft::net::detail
