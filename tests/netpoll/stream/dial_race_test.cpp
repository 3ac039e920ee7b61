// Room: tests of netpoll. Several addresses at once: who wins, who is told what, and that nothing else is left.

#include <dial_race.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/with_timeout.hpp>

#include "deaf_listener.hpp"
#include "faults.hpp"
#include "name/fake_resolver.hpp"
#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::endpoint;
using net::tcp_stream;
using net::detail::dial_race;
using namespace std::chrono_literals;

std::ptrdiff_t sockets_in_use() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::count_if(begin(all), end(all), [](const auto& each) {
    std::error_code gone;  // the directory's own descriptor, by the time it is looked at
    return read_symlink(each.path(), gone).string().starts_with("socket:");
  });
}

struct raced {
  tcp_stream stream;
  std::error_code error;
  std::size_t tried = 0;
};

raced race(const std::vector<endpoint>& addresses, const net::dial_options& options) {
  const auto until = deadline::after(detail::now(), options.timeout != 0ns ? options.timeout : 1h);
  dial_race race(addresses, options, until);
  raced done;
  auto won = race.run(done.error);
  if (won.block() != nullptr) done.stream = tcp_stream(std::move(won));
  done.tried = race.tried();
  return done;
}

// --- D1.

TEST(dial_race, takes_the_families_by_turns_beginning_with_the_first) {
  const auto four = [](std::uint8_t n) { return endpoint::v4({10, 0, 0, n}, 80); };
  const auto six = [](std::uint8_t n) { return endpoint::v6({n}, 80); };
  const endpoint any;
  using list = std::vector<endpoint>;
  const struct {
    list resolved;
    endpoint local;
    list order;
  } cases[] = {
      {{}, any, {}},
      {{four(1)}, any, {four(1)}},
      {{four(1), four(2)}, any, {four(1), four(2)}},
      {{six(1), six(2), six(3), four(1), four(2)}, any, {six(1), four(1), six(2), four(2), six(3)}},
      {{four(1), six(1), six(2), six(3)}, any, {four(1), six(1), six(2), six(3)}},
      {{six(1), four(1), six(2), four(2)}, four(9).with_port(0), {four(1), four(2)}},
      {{six(1), four(1), six(2), four(2)}, six(9).with_port(0), {six(1), six(2)}},
      {{six(1), four(1)}, any.with_port(5000), {six(1), four(1)}},
      {{six(1)}, four(9), {}},
  };
  for (const auto& each : cases) EXPECT_EQ(net::detail::in_dialing_order(each.resolved, each.local), each.order);
}

// --- D2 to D5.

FIBER_TEST(dial_race, one_that_refuses_makes_way_and_one_that_is_silent_gets_company) {
  const silent_port refuses;
  const deaf_listener silent, silent_too;
  auto listener = net::listen("127.0.0.1:0");
  const auto before = sockets_in_use();
  const auto done = race({refuses.address(), silent.address(), silent_too.address(), listener.local_address()},
                         {.attempt_delay = 10ms});
  EXPECT_FALSE(done.error);
  EXPECT_EQ(done.tried, 4u);
  EXPECT_EQ(done.stream.remote_address(), listener.local_address());
  EXPECT_EQ(sockets_in_use(), before + 1) << "those that did not win are closed before the winner is returned";
}

FIBER_TEST(dial_race, whoever_answers_first_keeps_the_others_from_being_asked) {
  auto listener = net::listen("127.0.0.1:0");
  const deaf_listener silent;
  for (int i = 0; i < 20; ++i) {
    const auto done = race({listener.local_address(), silent.address()}, {});
    EXPECT_EQ(done.tried, 1u);
    EXPECT_EQ(done.stream.remote_address(), listener.local_address());
  }
}

FIBER_TEST(dial_race, if_none_answers_the_first_failure_is_told) {
  const silent_port refuses, refuses_too;
  const auto done = race({refuses.address(), refuses_too.address()}, {});
  EXPECT_EQ(done.error, std::errc::connection_refused);
  EXPECT_EQ(done.tried, 2u);
  EXPECT_FALSE(done.stream.is_open());
  EXPECT_EQ(race({}, {}).error, std::errc::address_family_not_supported);
}

// A link-local address without its link: the system has no way there, and says so in one of several ways.
FIBER_TEST(dial_race, what_there_is_no_way_to_is_not_what_is_told) {
  const silent_port refuses;
  const auto nowhere = endpoint::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 80, 0);
  const auto alone = race({nowhere}, {.timeout = 1s});
  ASSERT_TRUE(alone.error);
  const bool is_no_way = alone.error == std::errc::network_unreachable ||
                         alone.error == std::errc::address_not_available ||
                         alone.error == std::errc::address_family_not_supported;
  const auto both = race({nowhere, refuses.address()}, {.timeout = 1s});
  if (is_no_way)
    EXPECT_EQ(both.error, std::errc::connection_refused);
  else
    EXPECT_EQ(both.error, alone.error);
  EXPECT_EQ(both.tried, 2u);
}

FIBER_TEST(dial_race, the_time_is_that_of_all_together) {
  const deaf_listener silent, silent_too;
  const auto before = sockets_in_use();
  const auto done = race({silent.address(), silent_too.address()}, {.timeout = 30ms, .attempt_delay = 10ms});
  EXPECT_EQ(done.error, std::errc::timed_out);
  const auto in_turn = race({silent.address(), silent_too.address()},
                            {.timeout = 15ms, .attempt_delay = std::chrono::nanoseconds::max()});
  EXPECT_EQ(in_turn.error, std::errc::timed_out);
  EXPECT_EQ(in_turn.tried, 1u) << "it has not failed, and nobody was to keep it company";
  EXPECT_EQ(sockets_in_use(), before);
}

// A delay of nothing is 10 ms, and not a storm of attempts.
FIBER_TEST(dial_race, attempts_keep_a_distance) {
  const deaf_listener silent;
  const std::vector<endpoint> many(50, silent.address());
  EXPECT_LE(race(many, {.timeout = 25ms, .attempt_delay = 0ms}).tried, 4u);
}

FIBER_TEST(dial_race, ends_all_attempts_when_it_is_cancelled) {
  const deaf_listener silent, silent_too;
  const auto before = sockets_in_use();
  const auto dialing = [&] {
    static_cast<void>(race({silent.address(), silent_too.address()}, {.attempt_delay = 10ms}));
  };
  EXPECT_THROW(with_timeout(20ms, dialing), timed_out);
  auto asked_to_end = spawn(dialing);
  wait_until([&] { return sockets_in_use() == before + 2; });
  await_parked(1, "tcp connect");
  asked_to_end.request_stop();
  expect_error(std::errc::operation_canceled, [&] { asked_to_end.join(); });
  EXPECT_EQ(sockets_in_use(), before);
}

TEST(dial_race, ends_with_its_runtime) {
  const deaf_listener silent, silent_too;
  weft::run({.workers = 2}, [&] {
    const auto before = sockets_in_use();
    for (int i = 0; i < 4; ++i)
      go([&] { static_cast<void>(race({silent.address(), silent_too.address()}, {.attempt_delay = 10ms})); });
    wait_until([&] { return sockets_in_use() == before + 8; });
  });
}

// Descriptors that cannot be had, or watched, are failures like others: the rest goes on.
FIBER_TEST(dial_race, an_attempt_that_cannot_begin_does_not_end_the_race) {
  auto listener = net::listen("127.0.0.1:0");
  int connected = 0;
  for (std::uint64_t i = 0; i < 30; ++i) {
    const std::vector<endpoint> thrice(3, listener.local_address());
    const net::detail::fault_injection faults(
        {.seed = seed_of_this_test() + i, .interrupted = 100, .exhausted = 400, .unwatched = 200});
    const auto before = sockets_in_use();
    const auto done = race(thrice, {});
    if (!done.error) ++connected;
    EXPECT_EQ(done.stream.is_open(), !done.error);
    EXPECT_TRUE(!done.error || done.tried == 3u) << done.error.message();
    EXPECT_EQ(sockets_in_use(), before + (done.error ? 0 : 1));
  }
  EXPECT_GT(connected, 0);
}

// --- By name.

FIBER_TEST(dial, tells_how_many_addresses_of_a_name_were_tried) {
  const silent_port refuses, refuses_too;
  fake_resolver names;
  names.answer("refuses.test", {refuses.address(), refuses_too.address()});
  try {
    static_cast<void>(net::dial("refuses.test:1"));
    ADD_FAILURE() << "connected to nobody";
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), std::errc::connection_refused);
    EXPECT_NE(std::string(e.what()).find("'refuses.test:1' (2 addresses were tried)"), std::string::npos) << e.what();
  }
}

FIBER_TEST(dial, finds_the_address_of_a_name_that_answers) {
  const silent_port refuses;
  auto listener = net::listen("127.0.0.1:0");
  fake_resolver names;
  names.answer("both.test", {refuses.address(), listener.local_address()});
  EXPECT_EQ(net::dial("both.test:1").remote_address(), listener.local_address());
}

// --- From an address of our own.

FIBER_TEST(dial, from_a_local_address) {
  auto listener = net::listen("127.0.0.1:0");
  auto conn = net::dial(listener.local_address(), {.local = endpoint::parse("127.0.0.7:0")});
  EXPECT_EQ(conn.local_address().with_port(0), endpoint::parse("127.0.0.7:0"));
  EXPECT_EQ(listener.accept().remote_address(), conn.local_address());
}

FIBER_TEST(dial, from_a_local_port_again_and_again) {
  const std::uint16_t port = silent_port().number();
  auto listener = net::listen("127.0.0.1:0");
  const silent_port refuses;
  fake_resolver names;
  names.answer("both.test", {refuses.address(), listener.local_address()});
  for (int i = 0; i < 3; ++i) {
    std::error_code ec;
    auto conn = net::dial("both.test:1", {.local = endpoint().with_port(port)}, ec);
    if (ec == std::errc::address_in_use) return;  // somebody else has it by now
    ASSERT_FALSE(ec) << ec.message();
    EXPECT_EQ(conn.local_address().port(), port);
    conn.set_reset_on_close(true);
    static_cast<void>(listener.accept());
  }
}

FIBER_TEST(dial, from_a_local_address_that_is_not_ours_or_of_the_other_family) {
  auto listener = net::listen("127.0.0.1:0");
  std::error_code ec;
  static_cast<void>(net::dial(listener.local_address(), {.local = endpoint::parse("192.0.2.1:0")}, ec));
  EXPECT_EQ(ec, std::errc::address_not_available);
  static_cast<void>(net::dial(listener.local_address(), {.local = endpoint::parse("[::1]:0")}, ec));
  EXPECT_EQ(ec, std::errc::address_family_not_supported);
  try {
    static_cast<void>(net::dial(listener.local_address(), {.local = endpoint::parse("192.0.2.1:0")}));
    ADD_FAILURE();
  } catch (const std::system_error& e) {
    EXPECT_NE(std::string(e.what()).find(" from 192.0.2.1:0"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace weft::testing
