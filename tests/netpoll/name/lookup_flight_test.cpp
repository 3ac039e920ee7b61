// Room: tests of netpoll. Lookups that share a question, wait for their turn, and are answered from what was kept.

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include <netdb.h>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/manual_clock.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/netpoll/resolve.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

#include "name/fake_resolver.hpp"
#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::endpoint;
using namespace std::chrono_literals;
using addresses = std::vector<endpoint>;

const addresses k_one = {endpoint::v4({192, 0, 2, 1}, 80)};
const addresses k_two = {endpoint::v4({192, 0, 2, 2}, 80)};

addresses look_for(const std::string& name) { return net::resolve(name, "80"); }
std::error_code error_for(const std::string& name) {
  std::error_code ec;
  static_cast<void>(net::resolve(name, "80", ec));
  return ec;
}

// What a test sets holds for the test.
struct resolver_set {
  explicit resolver_set(const net::resolver_options& options) { net::set_resolver(options); }
  ~resolver_set() { net::set_resolver({}); }
  resolver_set(const resolver_set&) = delete;
  resolver_set& operator=(const resolver_set&) = delete;
};

// --- "Sharing".

FIBER_TEST(lookup_flight, many_who_ask_for_one_name_ask_once) {
  fake_resolver names;
  names.answer("one.test", k_one);
  names.hold_back();
  std::vector<join_handle<addresses>> asking;
  for (int i = 0; i < 20; ++i) asking.push_back(spawn([] { return look_for("one.test"); }));
  await_parked(20, "name lookup");
  names.let_go();
  for (auto& each : asking) EXPECT_EQ(each.join(), k_one);
  EXPECT_EQ(names.asked_for("one.test"), 1);
  EXPECT_EQ(look_for("one.test"), k_one);
  EXPECT_EQ(names.asked_for("one.test"), 2) << "nothing is kept if nobody wants it";
}

FIBER_TEST(lookup_flight, who_began_it_goes_and_takes_nothing_from_the_others) {
  fake_resolver names;
  names.answer("one.test", k_one);
  names.hold_back();
  auto first = spawn([] { static_cast<void>(look_for("one.test")); });
  wait_until([&] { return names.asking() == 1; });
  auto second = spawn([] { return look_for("one.test"); });
  auto third = spawn([] { return error_for("one.test"); });
  await_parked(3, "name lookup");
  first.request_stop();
  expect_error(std::errc::operation_canceled, [&] { first.join(); });
  third.request_stop();
  expect_error(std::errc::operation_canceled, [&] { static_cast<void>(third.join()); });
  EXPECT_THROW(with_timeout(1ms, [] { static_cast<void>(look_for("one.test")); }), timed_out);
  names.let_go();
  EXPECT_EQ(second.join(), k_one);
  EXPECT_EQ(names.asked_for("one.test"), 1);
}

FIBER_TEST(lookup_flight, a_failure_is_everybodys) {
  fake_resolver names;
  names.refuse("none.test", EAI_NONAME);
  names.hold_back();
  std::vector<join_handle<std::error_code>> asking;
  for (int i = 0; i < 3; ++i) asking.push_back(spawn([] { return error_for("none.test"); }));
  await_parked(3, "name lookup");
  names.let_go();
  for (auto& each : asking) EXPECT_EQ(each.join(), net::errc::host_not_found);
}

// --- "Queueing".

FIBER_TEST(lookup_flight, so_many_and_no_more_are_under_way) {
  const resolver_set two({.most_lookups = 2});
  fake_resolver names;
  std::vector<join_handle<addresses>> asking;
  names.hold_back();
  for (int i = 0; i < 6; ++i) {
    const std::string name = std::to_string(i) + ".test";
    names.answer(name, k_one);
    asking.push_back(spawn([name] { return look_for(name); }));
  }
  wait_until([&] { return names.asking() == 2; });
  await_parked(4, "name lookup (its turn)");
  EXPECT_EQ(names.asking(), 2);
  EXPECT_THROW(with_timeout(1ms, [] { static_cast<void>(look_for("late.test")); }), timed_out);
  net::set_resolver({.most_lookups = 3});
  await_parked(3, "name lookup (its turn)");
  wait_until([&] { return names.asking() == 3; });
  names.let_go();
  for (auto& each : asking) EXPECT_EQ(each.join(), k_one);
  EXPECT_EQ(names.asked_for("late.test"), 0);
}

FIBER_TEST(lookup_flight, one_that_nobody_waits_for_keeps_its_turn_until_it_has_answered) {
  const resolver_set one({.most_lookups = 1});
  fake_resolver names;
  names.answer("two.test", k_two);
  names.hold_back();
  EXPECT_THROW(with_timeout(5ms, [] { static_cast<void>(look_for("one.test")); }), timed_out);
  if (names.asking() == 0) return;  // it had not begun: a slow machine
  auto next = spawn([] { return look_for("two.test"); });
  await_parked(1, "name lookup (its turn)");
  EXPECT_EQ(names.asking(), 1);
  names.let_go();
  EXPECT_EQ(next.join(), k_two);
}

// The one who leads waits for its turn, and goes: the next of those who wait for it leads on.
FIBER_TEST(lookup_flight, who_goes_before_it_has_begun_lets_the_next_one_lead) {
  const resolver_set one({.most_lookups = 1});
  fake_resolver names;
  names.answer("two.test", k_two);
  names.hold_back();
  auto blocks = spawn([] { return error_for("one.test"); });
  wait_until([&] { return names.asking() == 1; });
  auto leads = spawn([] { static_cast<void>(look_for("two.test")); });
  await_parked(1, "name lookup (its turn)");
  std::vector<join_handle<addresses>> follow;
  for (int i = 0; i < 3; ++i) follow.push_back(spawn([] { return look_for("two.test"); }));
  await_parked(4, "name lookup");
  leads.request_stop();
  expect_error(std::errc::operation_canceled, [&] { leads.join(); });
  await_parked(1, "name lookup (its turn)");
  await_parked(3, "name lookup");
  names.let_go();
  for (auto& each : follow) EXPECT_EQ(each.join(), k_two);
  EXPECT_EQ(blocks.join(), net::errc::resolver_busy);
  EXPECT_EQ(names.asked_for("two.test"), 1);
}

TEST(lookup_flight, those_who_queue_do_not_hold_up_the_end_of_a_runtime) {
  const resolver_set one({.most_lookups = 1});
  fake_resolver names;
  names.hold_back();
  weft::run({.workers = 2}, [&] {
    go([] { static_cast<void>(look_for("one.test")); });
    wait_until([&] { return names.asking() == 1; });
    for (const char* name : {"one.test", "two.test", "two.test", "three.test"})
      go([name] { static_cast<void>(look_for(name)); });
    await_parked(2, "name lookup (its turn)");
    await_parked(3, "name lookup");
  });
  EXPECT_EQ(names.asking(), 1);
}

// Askers come, and go at any time; whoever stays is answered.
FIBER_TEST(lookup_flight, races_of_askers_that_come_and_go_leave_nobody_waiting) {
  const resolver_set two({.most_lookups = 2, .keep_answers = 1us});
  fake_resolver names;
  for (const char* name : {"a.test", "b.test", "c.test", "d.test"}) names.answer(name, k_one);
  std::minstd_rand random(static_cast<unsigned>(seed_of_this_test()));
  std::atomic<int> answered{0}, gone{0};
  {
    std::vector<join_handle<void>> asking;
    for (int i = 0; i < 150; ++i) {
      const std::string name = std::string(1, static_cast<char>('a' + random() % 4)) + ".test";
      asking.push_back(spawn([&answered, &gone, name, limit = std::chrono::microseconds(random() % 300)] {
        try {
          const auto got = with_timeout(limit < 200us ? 1h : limit, [&] { return look_for(name); });
          EXPECT_EQ(got, k_one);
          ++answered;
        } catch (const timed_out&) {
          ++gone;
        }
      }));
      if (random() % 4 == 0) asking[random() % asking.size()].request_stop();
      if (random() % 3 == 0) this_fiber::yield();
    }
    for (auto& each : asking) {
      try {
        each.join();
      } catch (const std::system_error&) {
        ++gone;
      }
    }
  }
  EXPECT_EQ(answered + gone, 150);
  EXPECT_GT(answered, 0);
}

// --- What is kept.

TEST(kept_lookup, is_given_again_for_its_time_and_a_failure_for_less) {
  const resolver_set keeping({.keep_answers = 10s, .keep_failures = 1s});
  fake_resolver names;
  names.answer("one.test", k_one);
  names.refuse("none.test", EAI_NONAME);
  names.refuse("busy.test", EAI_AGAIN);
  manual_clock clock;
  runtime rt(options{.workers = 1}, &clock);
  const auto ask_for_all = [&] {
    rt.run([&] {
      EXPECT_EQ(look_for("one.test"), k_one);
      EXPECT_EQ(error_for("none.test"), net::errc::host_not_found);
      EXPECT_EQ(error_for("busy.test"), net::errc::resolver_busy);
    });
  };
  const auto expect_asked = [&](int one, int none, int busy) {
    EXPECT_EQ(names.asked_for("one.test"), one);
    EXPECT_EQ(names.asked_for("none.test"), none);
    EXPECT_EQ(names.asked_for("busy.test"), busy) << "the resolver's trouble is not the name's";
  };
  ask_for_all();
  ask_for_all();
  expect_asked(1, 1, 2);
  clock.advance(1s, rt);
  ask_for_all();
  expect_asked(1, 2, 3);
  clock.advance(9s, rt);
  ask_for_all();
  expect_asked(2, 3, 4);
  net::set_resolver({.keep_answers = 10s, .keep_failures = 1h});
  ask_for_all();
  expect_asked(3, 4, 5);
  clock.advance(10s, rt);
  ask_for_all();
  expect_asked(4, 5, 6);
}

FIBER_TEST(kept_lookup, so_many_are_kept_and_no_more) {
  const resolver_set keeping({.keep_answers = 1h, .most_kept = 2});
  fake_resolver names;
  for (const char* name : {"a.test", "b.test", "c.test"}) {
    names.answer(name, k_one);
    EXPECT_EQ(look_for(name), k_one);
    EXPECT_EQ(look_for(name), k_one);
    EXPECT_EQ(names.asked_for(name), 1);
  }
  EXPECT_EQ(look_for("c.test"), k_one);
  EXPECT_EQ(look_for("b.test"), k_one);
  EXPECT_EQ(names.asked_for("b.test") + names.asked_for("c.test"), 2);
  EXPECT_EQ(look_for("a.test"), k_one);
  EXPECT_EQ(names.asked_for("a.test"), 2) << "the oldest had to go";
}

FIBER_TEST(kept_lookup, is_a_cancellation_point_all_the_same) {
  const resolver_set keeping({.keep_answers = 1h});
  fake_resolver names;
  names.answer("one.test", k_one);
  EXPECT_EQ(look_for("one.test"), k_one);
  auto asks = spawn([] {
    while (true) static_cast<void>(look_for("one.test"));
  });
  asks.request_stop();
  expect_error(std::errc::operation_canceled, [&] { asks.join(); });
  EXPECT_EQ(names.asked_for("one.test"), 1);
}

}  // namespace
}  // namespace weft::testing
