// Room: netpoll. The settings of tcp_stream.hpp.

#include <weft/netpoll/tcp_stream.hpp>

#include <algorithm>
#include <chrono>
#include <climits>
#include <utility>

#include "socket_calls.hpp"
#include "use_now.hpp"

namespace weft::net {

using detail::socket_option;

namespace {

// What is too large for the system's int is as large as can be.
template <class Number>
int saturated(Number number) noexcept {
  if (std::cmp_less(number, 0)) return 0;
  return std::cmp_greater(number, INT_MAX) ? INT_MAX : static_cast<int>(number);
}

int whole_seconds(std::chrono::seconds length) noexcept { return std::max(1, saturated(length.count())); }

std::error_code apply(int fd, const keep_alive& how) noexcept {
  if (!how.on) return detail::set_option(fd, socket_option::keep_alive, 0);
  if (auto ec = detail::set_option(fd, socket_option::keep_idle, whole_seconds(how.idle))) return ec;
  if (auto ec = detail::set_option(fd, socket_option::keep_interval, whole_seconds(how.interval))) return ec;
  if (auto ec = detail::set_option(fd, socket_option::keep_count, how.count)) return ec;
  return detail::set_option(fd, socket_option::keep_alive, 1);
}

// The error of the call, or why there was none.
template <class Call>
void change(const detail::descriptor& of, std::error_code& ec, Call call) {
  const std::error_code outcome = detail::use_now(of, ec, call);
  if (!ec) ec = outcome;
}

void change(const detail::descriptor& of, socket_option option, int value, std::error_code& ec) {
  change(of, ec, [=](int fd) { return detail::set_option(fd, option, value); });
}

}  // namespace

void tcp_stream::set_no_delay(bool on, std::error_code& ec) { change(socket(), socket_option::no_delay, on, ec); }
void tcp_stream::set_no_delay(bool on) {
  or_throw("set_no_delay", [&](std::error_code& ec) { set_no_delay(on, ec); });
}

void tcp_stream::set_keep_alive(const keep_alive& how, std::error_code& ec) {
  change(socket(), ec, [&how](int fd) { return apply(fd, how); });
}
void tcp_stream::set_keep_alive(const keep_alive& how) {
  or_throw("set_keep_alive", [&](std::error_code& ec) { set_keep_alive(how, ec); });
}

void tcp_stream::set_user_timeout(std::chrono::milliseconds most, std::error_code& ec) {
  change(socket(), socket_option::user_timeout, saturated(most.count()), ec);
}
void tcp_stream::set_user_timeout(std::chrono::milliseconds most) {
  or_throw("set_user_timeout", [&](std::error_code& ec) { set_user_timeout(most, ec); });
}

void tcp_stream::set_reset_on_close(bool on, std::error_code& ec) {
  change(socket(), ec, [on](int fd) { return detail::set_reset_on_close(fd, on); });
}
void tcp_stream::set_reset_on_close(bool on) {
  or_throw("set_reset_on_close", [&](std::error_code& ec) { set_reset_on_close(on, ec); });
}

void tcp_stream::set_quick_ack(bool on, std::error_code& ec) { change(socket(), socket_option::quick_ack, on, ec); }
void tcp_stream::set_quick_ack(bool on) {
  or_throw("set_quick_ack", [&](std::error_code& ec) { set_quick_ack(on, ec); });
}

void tcp_stream::set_receive_buffer(std::size_t bytes, std::error_code& ec) {
  change(socket(), socket_option::receive_buffer, saturated(bytes), ec);
}
void tcp_stream::set_receive_buffer(std::size_t bytes) {
  or_throw("set_receive_buffer", [&](std::error_code& ec) { set_receive_buffer(bytes, ec); });
}

void tcp_stream::set_send_buffer(std::size_t bytes, std::error_code& ec) {
  change(socket(), socket_option::send_buffer, saturated(bytes), ec);
}
void tcp_stream::set_send_buffer(std::size_t bytes) {
  or_throw("set_send_buffer", [&](std::error_code& ec) { set_send_buffer(bytes, ec); });
}

}  // namespace weft::net
