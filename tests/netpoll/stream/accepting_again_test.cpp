// Room: tests of netpoll. What the kernel refuses of a listener and of what it accepts, again and again.

#include <weft/netpoll/tcp_listener.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include <support/fiber_test.hpp>
#include <support/manual_clock.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/runtime.hpp>

#include <faults.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::tcp_stream;

// No pause is ever over: that all of them are accepted shows that none is waited for in accept.
TEST(accepting_again, a_connection_that_cannot_be_watched_holds_up_no_other) {
  manual_clock time;
  runtime rt(options{.workers = 2}, &time);
  rt.run([] {
    auto listener = net::listen("127.0.0.1:0");
    std::vector<tcp_stream> clients;
    for (int i = 0; i < 5; ++i) clients.push_back(net::dial(listener.local_address()));
    std::vector<tcp_stream> served;
    {
      const net::detail::fault_injection faults({.seed = seed_of_this_test(), .unwatched = 1024});
      for (int i = 0; i < 4; ++i) served.push_back(listener.accept());
      auto waiting = spawn([&] { return read_error(served[0]); });
      await_parked(1, "tcp read");
      wait_until([&] { return faults.injected(net::detail::fault::unwatched) >= 5; });
      auto cancelled_one = spawn([&] { static_cast<void>(read_error(served[1])); });
      await_parked(2, "tcp read");
      cancelled_one.request_stop();
      try {
        cancelled_one.join();
      } catch (...) {  // what join makes of a cancelled fiber is its own affair
      }
      served[0].close();
      EXPECT_EQ(waiting.join(), std::errc::operation_canceled);
    }
    served.push_back(listener.accept());
    char got[5];
    for (std::size_t i = 1; i < 5; ++i) {  // watched by now, each at its first wait
      auto reader = spawn([&served, &got, i] { served[i].read_exactly(got); });
      await_parked(1, "tcp read");
      clients[0].close();
      for (auto& client : clients)
        if (client.is_open() && client.local_address() == served[i].remote_address()) client.write_all("hello");
      reader.join();
      EXPECT_EQ(std::string(got, 5), "hello");
    }
  });
}

FIBER_TEST(accepting_again, a_connection_that_is_never_watched_still_talks) {
  auto listener = net::listen("127.0.0.1:0");
  auto client = net::dial(listener.local_address());
  const net::detail::fault_injection faults({.seed = seed_of_this_test(), .unwatched = 1024});
  auto server = listener.accept();
  auto echo = spawn([&] {
    char buf[5];
    server.read_exactly(buf);
    server.write_all(buf);
    server.set_read_deadline(std::chrono::steady_clock::now());
    return read_error(server);
  });
  await_parked(1, "tcp read");
  client.write_all("hello");
  char got[5];
  client.read_exactly(got);
  EXPECT_EQ(std::string(got, 5), "hello");
  EXPECT_EQ(echo.join(), std::errc::timed_out);
}

FIBER_TEST(accepting_again, an_error_that_comes_back_and_back_is_told) {
  auto listener = net::listen("127.0.0.1:0");
  const net::detail::fault_injection faults({.seed = seed_of_this_test(), .aborted = 1024});
  std::error_code ec;
  EXPECT_FALSE(listener.accept(ec).is_open());
  EXPECT_EQ(ec, std::errc::connection_aborted);
  EXPECT_EQ(faults.injected(net::detail::fault::aborted), 16u);
  EXPECT_THROW(static_cast<void>(listener.accept()), std::system_error);
}

// A seccomp filter without the call interrupts it as often as one likes.
FIBER_TEST(accepting_again, a_call_that_is_interrupted_for_ever_is_told) {
  auto listener = net::listen("127.0.0.1:0");
  const net::detail::fault_injection faults({.seed = seed_of_this_test(), .interrupted = 1024});
  std::error_code ec;
  EXPECT_FALSE(listener.accept(ec).is_open());
  EXPECT_EQ(ec, std::errc::interrupted);
}

// With a clock that stands still no pause is ever over.
TEST(accepting_again, tries_again_after_broken_connections_can_be_cancelled_and_closed) {
  manual_clock time;
  runtime rt(options{.workers = 2}, &time);
  rt.run([] {
    auto listener = net::listen("127.0.0.1:0");
    const net::detail::fault_injection faults({.seed = seed_of_this_test(), .aborted = 1024});
    std::atomic<bool> unwound{false};
    auto cancelled_one = spawn([&] {
      try {
        static_cast<void>(listener.accept());
      } catch (const cancelled&) {
        unwound = true;
        throw;
      }
    });
    await_parked(1, "tcp accept (connections break)");
    cancelled_one.request_stop();
    try {
      cancelled_one.join();
    } catch (...) {  // what join makes of a cancelled fiber is its own affair
    }
    EXPECT_TRUE(unwound);
    auto closed_one = spawn([&] {
      std::error_code ec;
      static_cast<void>(listener.accept(ec));
      return ec;
    });
    await_parked(1, "tcp accept (connections break)");
    listener.close();
    EXPECT_EQ(closed_one.join(), std::errc::operation_canceled);
  });
}

}  // namespace
}  // namespace weft::testing
