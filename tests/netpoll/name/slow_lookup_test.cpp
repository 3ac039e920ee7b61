// Room: tests of netpoll. Lookups that the resolver does not answer: who has no more time, or is asked to end, goes.

#include <weft/netpoll/resolve.hpp>

#include <chrono>
#include <string>
#include <system_error>
#include <vector>

#include <netdb.h>

#include <gtest/gtest.h>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/wait_until.hpp>

#include <weft/netpoll/dial.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/runtime/detail/abandonable_call.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/with_timeout.hpp>

#include "fake_resolver.hpp"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

// While it lives, nothing is answered. Its end waits until nobody asks any more.
struct slow_resolver : fake_resolver {
  slow_resolver() { hold_back(); }
};

void ask() { static_cast<void>(net::resolve("slow.test", "80")); }

// Each for a name of its own: a question that others ask as well is asked once.
void ask_for(int i) { static_cast<void>(net::resolve("slow" + std::to_string(i) + ".test", "80")); }

FIBER_TEST(slow_lookup, is_given_up_when_a_time_limit_passes) {
  const slow_resolver slow;
  std::error_code ec;
  EXPECT_FALSE(net::dial("slow.test:80", {.timeout = 1ms}, ec).is_open());
  EXPECT_EQ(ec, std::errc::timed_out);
  EXPECT_FALSE(net::dial("slow.test:80", {.deadline = std::chrono::steady_clock::now() + 1ms}, ec).is_open());
  EXPECT_EQ(ec, std::errc::timed_out);
  EXPECT_THROW(with_timeout(1ms, ask), timed_out);
  expect_error(std::errc::timed_out, [] { static_cast<void>(net::dial("slow.test:80", {.timeout = 1ms})); });
}

FIBER_TEST(slow_lookup, is_not_made_of_what_is_an_address_already) {
  const slow_resolver slow;
  EXPECT_EQ(net::resolve("127.0.0.1", "80"), std::vector{net::endpoint::parse("127.0.0.1:80")});
  EXPECT_EQ(net::resolve("::1", "80"), std::vector{net::endpoint::parse("[::1]:80")});
  EXPECT_EQ(slow.asking(), 0);
}

FIBER_TEST(slow_lookup, is_given_up_when_its_fiber_is_asked_to_end) {
  const slow_resolver slow;
  auto asks = spawn(ask);
  wait_until([&] { return slow.asking() == 1; });
  asks.request_stop();
  expect_error(std::errc::operation_canceled, [&] { asks.join(); });
  EXPECT_EQ(slow.asking(), 1) << "nobody waits for it, and it is not interrupted";
}

TEST(slow_lookup, does_not_hold_up_the_end_of_a_runtime) {
  const slow_resolver slow;
  weft::run({.workers = 2}, [&slow] {
    for (int i = 0; i < 4; ++i) go(ask_for, i);
    wait_until([&] { return slow.asking() == 4; });
  });
  EXPECT_EQ(slow.asking(), 4);
}

FIBER_TEST(slow_lookup, that_answers_in_time_is_heard) {
  auto asks = [] {
    const slow_resolver slow;
    auto asked = spawn([] { with_timeout(1h, ask); });
    wait_until([&] { return slow.asking() == 1; });
    return asked;
  }();
  expect_error(std::errc::resource_unavailable_try_again, [&] { asks.join(); });
}

TEST(slow_lookup, so_many_that_were_given_up_let_no_more_begin) {
  net::set_resolver({.most_lookups = 1024});
  weft::run({.workers = 2}, [] {
    std::error_code ec;
    {
      const slow_resolver slow;
      std::vector<join_handle<void>> all;
      for (int i = 0; i < detail::k_most_abandoned_calls; ++i) all.push_back(spawn(ask_for, i));
      wait_until([&] { return slow.asking() == detail::k_most_abandoned_calls; });
      for (auto& each : all) each.request_stop();
      for (auto& each : all) expect_error(std::errc::operation_canceled, [&] { each.join(); });
      static_cast<void>(net::resolve("slow.test", "80", ec));
      EXPECT_EQ(ec, net::errc::resolver_stuck);
      EXPECT_FALSE(net::dial("slow.test:80", ec).is_open());
      EXPECT_EQ(ec, net::errc::resolver_stuck);
    }
    wait_until([] { return !detail::is_full_of_abandoned_calls(); });
    static_cast<void>(net::resolve("slow.test", "80", ec));
    EXPECT_EQ(ec, net::errc::resolver_busy) << "it answers again";
  });
  net::set_resolver({});
}

}  // namespace
}  // namespace weft::testing
