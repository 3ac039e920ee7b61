// Room: tests of netpoll. Each wrapper of a system call meets the faults that are drawn: all of them, one by one, and
// then the whole room, refused now and then.

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>

#include <sys/socket.h>

#include <faults.hpp>
#include <lookup_calls.hpp>
#include <socket_calls.hpp>
#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <syscalls.hpp>
#include <unique_fd.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/spawn.hpp>

#include "net_support.hpp"

#if defined(WEFT_EPOLL)
#include <epoll_calls.hpp>
#else
#include <kqueue_calls.hpp>
#endif

namespace weft::testing {
namespace {

using net::detail::fault;
using net::detail::fault_injection;
using net::detail::unique_fd;

#if defined(WEFT_EPOLL)
net::detail::opened open_registry() { return net::detail::open_epoll(); }
std::error_code watch_by(int registry, int fd) { return net::detail::watch(registry, fd, EPOLLIN, 1); }
#else
net::detail::opened open_registry() { return net::detail::open_kqueue(); }
std::error_code watch_by(int registry, int fd) {
  bool is_broken = false;
  return net::detail::watch(registry, fd, 1, is_broken);
}
#endif

// What a wrapper is given: a connected pair, a listener, an epoll or kqueue; all of the system's own making.
struct things_to_call {
  kqueues_are_closed last;
  unique_fd near, far, listener, registry;
  net::endpoint address;

  things_to_call() : listener(net::detail::open_tcp_socket(false).fd), registry(open_registry().fd) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) std::abort();
    near = unique_fd(pair[0]);
    far = unique_fd(pair[1]);
    std::error_code ec = net::detail::bind_to(listener.get(), net::endpoint::v4({127, 0, 0, 1}, 0));
    if (!ec) ec = net::detail::start_listening(listener.get(), 8);
    if (!ec) address = net::detail::address_of(listener.get(), ec);
    if (ec) std::abort();
  }
};

std::error_code error_of(const net::detail::opened& got) {
  const unique_fd closes(got.fd);
  return got.error;
}
std::error_code error_of(const net::detail::opened_event& got) {
  const unique_fd closes(got.waited);
  net::detail::close_raised_end(got);
  return got.error;
}
std::error_code error_of(const net::detail::transferred& got) { return got.error; }

struct wrapped_call {
  const char* name;
  std::error_code (*call)(things_to_call&);
};

std::array<std::byte, 16> buffer{};
const std::span<std::byte> k_parts[] = {buffer};
const std::span<const std::byte> k_const_parts[] = {buffer};

const wrapped_call k_calls[] = {
    {"open_tcp_socket", [](things_to_call&) { return error_of(net::detail::open_tcp_socket(false)); }},
    {"open_event", [](things_to_call&) { return error_of(net::detail::open_event()); }},
    {"open_epoll or open_kqueue", [](things_to_call&) { return error_of(open_registry()); }},
    {"accept_one", [](things_to_call& t) { return error_of(net::detail::accept_one(t.listener.get())); }},
    {"bind_to",
     [](things_to_call& t) {
       return net::detail::bind_to(t.near.get(), net::endpoint::v4({127, 0, 0, 1}, 0));
     }},
    {"start_listening", [](things_to_call& t) { return net::detail::start_listening(t.listener.get(), 8); }},
    {"start_connecting",
     [](things_to_call& t) {
       const unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
       return net::detail::start_connecting(fd.get(), t.address);
     }},
    {"pending_error", [](things_to_call& t) { return net::detail::pending_error(t.near.get()); }},
    {"address_of",
     [](things_to_call& t) {
       std::error_code ec;
       static_cast<void>(net::detail::address_of(t.near.get(), ec));
       return ec;
     }},
    {"peer_address_of",
     [](things_to_call& t) {
       std::error_code ec;
       static_cast<void>(net::detail::peer_address_of(t.near.get(), ec));
       return ec;
     }},
    {"shut_down_writing", [](things_to_call& t) { return net::detail::shut_down_writing(t.near.get()); }},
    {"set_option",
     [](things_to_call& t) {
       return net::detail::set_option(t.near.get(), net::detail::socket_option::send_buffer, 4096);
     }},
    {"set_reset_on_close", [](things_to_call& t) { return net::detail::set_reset_on_close(t.near.get(), false); }},
    {"receive", [](things_to_call& t) { return error_of(net::detail::receive(t.near.get(), buffer)); }},
    {"receive into several", [](things_to_call& t) { return error_of(net::detail::receive(t.near.get(), k_parts)); }},
    {"send", [](things_to_call& t) { return error_of(net::detail::send(t.far.get(), buffer)); }},
    {"send from several", [](things_to_call& t) { return error_of(net::detail::send(t.far.get(), k_const_parts)); }},
    {"watch", [](things_to_call& t) { return watch_by(t.registry.get(), t.near.get()); }},
};

TEST(drawn_faults, each_wrapper_can_be_refused_and_be_interrupted) {
  for (const wrapped_call& each : k_calls) {
    things_to_call things;
    {
      const fault_injection faults({.seed = seed_of_this_test(), .refused = 1024});
      const std::error_code ec = each.call(things);
      EXPECT_TRUE(net::detail::is_exhaustion(ec)) << each.name << ": " << ec.message();
      EXPECT_EQ(faults.injected(fault::refused), 1u) << each.name;
    }
    const fault_injection faults({.seed = seed_of_this_test(), .interrupted = 700});
    for (int i = 0; i < 20; ++i) EXPECT_NE(each.call(things), std::errc::interrupted) << each.name;
    EXPECT_GT(faults.injected(fault::interrupted), 0u) << each.name;
  }
}

TEST(drawn_faults, transfers_can_be_cut_short_and_be_reset) {
  for (const wrapped_call& each : k_calls) {
    const bool is_sending = std::string(each.name).starts_with("send");
    if (!is_sending && !std::string(each.name).starts_with("receive")) continue;
    things_to_call things;
    const fault_injection faults({.seed = seed_of_this_test(), .short_transfer = 512, .reset = 100});
    std::error_code ec;
    for (int i = 0; !ec && i < 1000; ++i) {
      static_cast<void>(::send(things.far.get(), buffer.data(), 1, MSG_NOSIGNAL));
      if (is_sending) static_cast<void>(::recv(things.near.get(), buffer.data(), buffer.size(), 0));
      ec = each.call(things);
    }
    EXPECT_EQ(ec, is_sending ? std::errc::broken_pipe : std::errc::connection_reset) << each.name;
    EXPECT_EQ(faults.injected(fault::reset), 1u) << each.name;
  }
}

TEST(drawn_faults, descriptors_run_out_by_each_of_four_errors) {
  for (const wrapped_call& each : k_calls) {
    if (!std::string(each.name).starts_with("open_") && std::string(each.name) != "accept_one") continue;
    things_to_call things;
    const fault_injection faults({.seed = seed_of_this_test(), .exhausted = 1024});
    bool has_seen[4] = {};
    for (int i = 0; i < 200; ++i) {
      const int error = each.call(things).value();
      has_seen[0] |= error == EMFILE;
      has_seen[1] |= error == ENFILE;
      has_seen[2] |= error == ENOBUFS;
      has_seen[3] |= error == ENOMEM;
    }
    EXPECT_TRUE(has_seen[0] && has_seen[1] && has_seen[2] && has_seen[3]) << each.name;
  }
}

TEST(drawn_faults, a_lookup_can_be_refused) {
  const fault_injection faults({.seed = seed_of_this_test(), .refused = 1024});
  std::error_code ec;
  EXPECT_TRUE(net::detail::look_up("127.0.0.1", "80", ec).empty());
  EXPECT_TRUE(net::detail::is_exhaustion(ec)) << ec.message();
}

// Whatever is refused says so; what is not refused works; and afterwards all is well.
FIBER_TEST(drawn_faults, a_room_that_is_refused_now_and_then_goes_on) {
  auto listener = net::listen("127.0.0.1:0");
  auto server = spawn([&] { serve_echoes(listener); });
  int whole = 0;
  {
    const fault_injection faults({.seed = seed_of_this_test(),
                                  .interrupted = 60,
                                  .short_transfer = 200,
                                  .exhausted = 20,
                                  .unwatched = 20,
                                  .refused = 20});
    for (std::uint64_t i = 0; i < 60; ++i) {
      std::error_code ec;
      auto conn = net::dial(listener.local_address(ec), ec);
      if (ec) continue;
      conn.set_keep_alive({}, ec);
      // An echo that is refused on the other side is closed there: an end, and no error.
      const auto sent = pattern(3000, i);
      std::vector<unsigned char> got(sent.size());
      conn.write_all(sent, ec);
      if (!ec) conn.read_exactly(got, ec);
      if (ec) continue;
      EXPECT_EQ(got, sent);
      ++whole;
    }
    EXPECT_GT(faults.injected(fault::refused), 0u);
  }
  EXPECT_GT(whole, 0);
  auto conn = net::dial(listener.local_address());
  conn.write_all("alive");
  char buf[5];
  conn.read_exactly(buf);
  listener.close();
  server.join();
}

}  // namespace
}  // namespace weft::testing
