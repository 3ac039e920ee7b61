// Room: tests of netpoll. dial: names, families, refusals, time limits.

#include <weft/netpoll/dial.hpp>

#include <cstdio>
#include <string>
#include <vector>

#include <pthread.h>

#include <support/fiber_test.hpp>
#include <weft/netpoll/resolve.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/runtime.hpp>

#include "deaf_listener.hpp"
#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::tcp_stream;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

FIBER_TEST(dial, by_name) {
  auto listener = net::listen("127.0.0.1:0");
  auto conn = net::dial("localhost:" + std::to_string(listener.local_address().port()));
  EXPECT_TRUE(listener.accept().is_open());
  EXPECT_EQ(conn.remote_address().port(), listener.local_address().port());
}

FIBER_TEST(dial, refused_says_who_refused) {
  const silent_port nobody;
  const std::string address = "127.0.0.1:" + std::to_string(nobody.number());
  std::error_code ec;
  EXPECT_FALSE(net::dial(address, ec).is_open());
  EXPECT_EQ(ec, std::errc::connection_refused);
  try {
    static_cast<void>(net::dial(address));
    ADD_FAILURE() << "connected to nobody";
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), std::errc::connection_refused);
    EXPECT_NE(std::string(e.what()).find("'" + address + "'"), std::string::npos) << e.what();
  }
}

FIBER_TEST(dial, tries_the_addresses_of_a_name_in_turn) {
  // "localhost" is ::1 and 127.0.0.1 on most machines, in either order: somebody listens on one of them only.
  auto listener = net::listen("127.0.0.1:0");
  for (int i = 0; i < 5; ++i) {
    auto conn = net::dial("localhost:" + std::to_string(listener.local_address().port()));
    EXPECT_FALSE(conn.remote_address().is_v6());
  }
}

FIBER_TEST(dial, what_is_no_address_is_refused_by_name) {
  for (const char* text : {"", "localhost", "127.0.0.1", "127.0.0.1:99999", "::1:80", "[::1", "[x]:1",
                           "127.0.0.1:", "unix:/run/x", "http://localhost:80"}) {
    std::error_code ec;
    EXPECT_FALSE(net::dial(text, ec).is_open());
    EXPECT_EQ(ec, net::errc::invalid_address) << text;
    EXPECT_EQ(ec, std::errc::invalid_argument) << text;
  }
}

FIBER_TEST(dial, a_service_that_is_none_is_not_found) {
  std::error_code ec;
  EXPECT_FALSE(net::dial("localhost:no-such-service", ec).is_open());
  EXPECT_TRUE(ec == net::errc::service_not_found || ec == net::errc::host_not_found) << ec.message();
}

FIBER_TEST(dial, a_time_limit_ends_it) {
  const deaf_listener deaf;
  const auto before = clock::now();
  std::error_code ec;
  EXPECT_FALSE(net::dial(deaf.address(), {.timeout = 20ms}, ec).is_open());
  EXPECT_EQ(ec, std::errc::timed_out);
  EXPECT_GE(clock::now(), before + 20ms);
  EXPECT_FALSE(net::dial(deaf.address(), {.deadline = clock::now() + 5ms}, ec).is_open());
  EXPECT_EQ(ec, std::errc::timed_out);
  EXPECT_FALSE(net::dial(deaf.address(), {.deadline = clock::now()}, ec).is_open());
  EXPECT_EQ(ec, std::errc::timed_out);
}

FIBER_TEST(dial, a_time_limit_is_the_dials_alone) {
  auto listener = net::listen("127.0.0.1:0");
  auto conn = net::dial(listener.local_address(), {.timeout = 1h});
  auto server = listener.accept();
  server.write_all("x");
  char buf[1];
  EXPECT_EQ(conn.read_some(buf), 1u);
  conn.write_all("y");
  EXPECT_EQ(server.read_some(buf), 1u);
}

FIBER_TEST(dial, can_be_cancelled) {
  const deaf_listener deaf;
  auto dialing = spawn([&] { static_cast<void>(net::dial(deaf.address())); });
  await_parked(1, "tcp connect");
  dialing.request_stop();
  try {
    dialing.join();
    ADD_FAILURE() << "connected to a listener without a backlog";
  } catch (...) {  // what join makes of a cancelled fiber is its own affair
  }
}

FIBER_TEST(dial, without_no_delay) {
  auto listener = net::listen("127.0.0.1:0");
  auto conn = net::dial(listener.local_address(), {.no_delay = false});
  int on = 1;
  socklen_t size = sizeof(on);
  ASSERT_EQ(::getsockopt(conn.native_handle(), IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, &size), 0);
  EXPECT_EQ(on, 0);
}

FIBER_TEST(resolve, knows_this_machine) {
  const auto found = net::resolve("localhost", "80");
  ASSERT_FALSE(found.empty());
  for (const auto& each : found) EXPECT_EQ(each.port(), 80);
}

FIBER_TEST(resolve, an_address_is_its_own_name) {
  const auto found = net::resolve("127.0.0.1", "8080");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].to_string(), "127.0.0.1:8080");
}

FIBER_TEST(resolve, a_name_that_is_none_is_named) {
  std::error_code ec;
  EXPECT_TRUE(net::resolve("no-such-host.invalid", "80", ec).empty());
  // Without a network the resolver cannot say that there is no such name.
  EXPECT_TRUE(ec == net::errc::host_not_found || ec == net::errc::resolver_busy || ec == net::errc::resolver_failed)
      << ec.message();
  try {
    static_cast<void>(net::resolve("no-such-host.invalid", "80"));
    ADD_FAILURE();
  } catch (const std::system_error& e) {
    EXPECT_NE(std::string(e.what()).find("no-such-host.invalid"), std::string::npos) << e.what();
  }
}

// --- Without a thread to look names up on.

// In a process of its own, where no helper thread is left over from others.
[[noreturn]] void end_by_whether_a_refused_thread_is_an_error() {
  bool is_told = true;
  weft::run(options{.workers = 2}, [&is_told] {
    // A thread's stack fits into no address space any more, and everything else does.
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, std::size_t{1} << 48);
    ::pthread_setattr_default_np(&attributes);
    ::pthread_attr_destroy(&attributes);
    const auto expect_refused = [&is_told](const char* call, const std::error_code& ec) {
      if (ec != std::errc::resource_unavailable_try_again) {
        is_told = false;
        std::fprintf(stderr, "%s: %s\n", call, ec.message().c_str());
      }
    };
    std::error_code ec;
    static_cast<void>(net::resolve("localhost", "80", ec));
    expect_refused("resolve", ec);
    static_cast<void>(net::dial("localhost:1", ec));
    expect_refused("dial", ec);
    static_cast<void>(net::listen("localhost:0", ec));
    expect_refused("listen", ec);
  });
  std::fprintf(stderr, "ended\n");
  std::_Exit(is_told ? 0 : 1);
}

TEST(resolve_death_test, a_thread_that_cannot_be_had_is_an_error_code) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(end_by_whether_a_refused_thread_is_an_error(), ::testing::ExitedWithCode(0), "ended");
}

}  // namespace
}  // namespace weft::testing
