#pragma once
// Room: tests of netpoll. Two ends of each kind that carries bytes or datagrams, behind one interface: what every kind
// promises is tested of all of them (every_kind_test.cpp).

#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <weft/netpoll/pipe.hpp>
#include <weft/netpoll/udp_socket.hpp>
#include <weft/netpoll/unix_datagram.hpp>
#include <weft/netpoll/unix_stream.hpp>

#include "net_support.hpp"

namespace weft::testing {

template <class Socket>
concept carries_bytes = requires(Socket& s, char (&buf)[8]) {
  s.read_some(buf);
};

// The error_code forms alone, and what they say.
class any_end {
 public:
  any_end() noexcept = default;
  any_end(any_end&&) = delete;
  virtual ~any_end() = default;

  virtual std::error_code read() = 0;
  virtual std::error_code write(std::string_view text) = 0;
  virtual std::error_code set_read_deadline(net::time_limit t) = 0;
  virtual std::error_code set_write_deadline(net::time_limit t) = 0;
  virtual void set_deadline_plainly(net::time_limit t) = 0;
  virtual std::error_code close() = 0;
  virtual void read_plainly() = 0;
  virtual void move_away() = 0;

  // Writes until that waits, and ends with what ends the wait.
  std::error_code write_until_it_fails() {
    std::error_code ec;
    while (!ec) ec = write(std::string(1000, 'x'));
    return ec;
  }
};

template <class Socket>
class end_of final : public any_end {
 public:
  explicit end_of(Socket s) : s_(std::move(s)) {}

  std::error_code read() override {
    return error_in([&](std::error_code& ec) {
      if constexpr (carries_bytes<Socket>) {
        s_.read_some(buf_, ec);
      } else {
        s_.receive(buf_, ec);
      }
    });
  }
  std::error_code write(std::string_view text) override {
    return error_in([&](std::error_code& ec) {
      if constexpr (carries_bytes<Socket>) {
        s_.write_all(text, ec);
      } else {
        s_.send(text, ec);
      }
    });
  }
  std::error_code set_read_deadline(net::time_limit t) override {
    return error_in([&](std::error_code& ec) { s_.set_read_deadline(t, ec); });
  }
  std::error_code set_write_deadline(net::time_limit t) override {
    return error_in([&](std::error_code& ec) { s_.set_write_deadline(t, ec); });
  }
  void set_deadline_plainly(net::time_limit t) override { s_.set_deadline(t); }
  std::error_code close() override {
    return error_in([&](std::error_code& ec) { s_.close(ec); });
  }
  void read_plainly() override {
    char buf[8];
    if constexpr (carries_bytes<Socket>) {
      s_.read_some(buf);
    } else {
      s_.receive(buf);
    }
  }
  void move_away() override { static_cast<void>(Socket(std::move(s_))); }

 private:
  template <class Call>
  static std::error_code error_in(Call call) {
    std::error_code ec = std::make_error_code(std::errc::owner_dead);  // to be cleared
    call(ec);
    return ec;
  }

  Socket s_;
  char buf_[2000];
};

struct two_ends {
  std::unique_ptr<any_end> one;
  std::unique_ptr<any_end> other;
};

struct kind_of_end {
  const char* name;
  const char* reading;  // as dumps call the wait
  const char* writing;  // null: a write never waits, for the kernel drops what it has no room for
  two_ends (*make)();
};

template <class Socket>
two_ends ends_of(std::pair<Socket, Socket> both) {
  return {std::make_unique<end_of<Socket>>(std::move(both.first)),
          std::make_unique<end_of<Socket>>(std::move(both.second))};
}

inline std::pair<net::tcp_stream, net::tcp_stream> tcp_ends() {
  auto [client, server] = connect();
  return {std::move(client), std::move(server)};
}

// Between the close and the second connect the port may become somebody else's: then with others.
inline std::pair<net::udp_socket, net::udp_socket> udp_ends() {
  for (;;) {
    auto first = net::udp_socket::bind("127.0.0.1:0");
    const net::endpoint here = first.local_address();
    auto second = net::udp_socket::connect(here);
    const net::endpoint there = second.local_address();
    first.close();
    std::error_code ec;
    auto connected = net::udp_socket::connect(there, {.local = here}, ec);
    if (!ec) return {std::move(connected), std::move(second)};
    if (ec != std::errc::address_in_use) throw std::system_error(ec, "udp_ends");
  }
}

inline const std::vector<kind_of_end>& kinds_of_ends() {
  static const std::vector<kind_of_end> kinds = {
      {"tcp", "tcp read", "tcp write", [] { return ends_of(tcp_ends()); }},
      {"unix", "unix read", "unix write", [] { return ends_of(net::unix_stream::pair()); }},
      {"pipe", "pipe read", "pipe write", [] { return ends_of(net::pipe()); }},
      {"udp", "udp receive", nullptr, [] { return ends_of(udp_ends()); }},
      {"unix datagram", "unix datagram receive", "unix datagram send",
       [] { return ends_of(net::unix_datagram::pair()); }},
  };
  return kinds;
}

}  // namespace weft::testing
