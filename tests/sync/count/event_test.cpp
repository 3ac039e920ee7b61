// What event.hpp promises, and the races around it.

#include <weft/sync/event.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"
#include "last_access.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::await_parked;

constinit weft::event global_event;

FIBER_TEST(event, once_set_lets_everybody_through_until_it_is_reset) {
  EXPECT_FALSE(global_event.is_set());
  EXPECT_FALSE(global_event.wait_for(1us));
  global_event.set();
  global_event.set();
  EXPECT_TRUE(global_event.is_set());
  global_event.wait();
  EXPECT_TRUE(global_event.wait_for(0s));
  EXPECT_TRUE(global_event.wait_until(std::chrono::system_clock::now() - 1h));
  global_event.reset();
  EXPECT_FALSE(global_event.is_set());
  EXPECT_FALSE(global_event.wait_until(std::chrono::steady_clock::now()));
  EXPECT_TRUE(weft::event(true).is_set());
}

FIBER_TEST(event, a_set_lets_go_who_waits_though_it_is_reset_at_once) {
  weft::event ready;
  std::vector<weft::join_handle<void>> all;
  for (int i = 0; i < 5; ++i) all.push_back(weft::spawn([&] { ready.wait(); }));
  std::thread plain([&] { EXPECT_TRUE(ready.wait_for(1h)); });
  await_parked(5, "event");
  ready.set();
  ready.reset();
  for (auto& each : all) each.join();
  ready.set();  // the thread may have come late
  plain.join();
}

FIBER_TEST(event, shows_what_was_written_before_it_was_set) {
  for (int n = 0; n < 100; ++n) {
    weft::event ready;
    int wrote = 0;  // plain: TSan sees a set() that does not publish
    auto setter = weft::spawn([&] {
      wrote = 1;
      ready.set();
    });
    if (n % 2 == 0) {
      ready.wait();
    } else {
      weft::testing::wait_until([&] { return ready.is_set(); });
    }
    EXPECT_EQ(wrote, 1);
    setter.join();
  }
}

FIBER_TEST(event, a_cancelled_waiter_leaves_and_the_others_stay) {
  weft::event ready;
  auto first = weft::spawn([&] { ready.wait(); });
  auto second = weft::spawn([&] { ready.wait(); });
  await_parked(2, "event");
  first.request_stop();
  EXPECT_THROW(first.join(), std::system_error);
  ready.set();
  second.join();
}

// Out of time just as it is set: one that leaves takes nobody with it, and nobody is let go twice.
FIBER_TEST(event, a_wait_that_runs_out_as_it_is_set_takes_nothing_from_the_others) {
  for (int n = 0; n < 200; ++n) {
    weft::event ready;
    auto hasty =
        weft::spawn([&] { (void)ready.wait_for(std::chrono::nanoseconds(weft::detail::random_below(50'000))); });
    auto patient = weft::spawn([&] { ready.wait(); });
    if (n % 2 == 0) weft::this_fiber::yield();
    ready.set();
    hasty.join();
    patient.join();
  }
}

FIBER_TEST(event, may_be_destroyed_by_a_waiter_as_soon_as_its_wait_returns) {
  for (int n = 0; n < 500; ++n) {
    auto ready = std::make_unique<weft::event>();
    weft::go([raw = ready.get()] { raw->set(); });
    if (n % 2 == 0) weft::this_fiber::yield();
    ready->wait();
  }
}

TEST(event, is_not_touched_by_set_once_a_wait_has_returned) {
  weft::testing::expect_no_access_after_wait<weft::event>(
      1000, [](weft::event&) {}, [](weft::event& ready) { ready.set(); }, [](weft::event& ready) { ready.wait(); });
}

FIBER_TEST(event, its_destructor_waits_for_waiters_who_were_cancelled) {
  for (int n = 0; n < 50; ++n) {
    auto ready = std::make_unique<weft::event>();
    auto waiter = weft::spawn([raw = ready.get()] { raw->wait(); });
    await_parked(1, "event");
    waiter.request_stop();
    ready.reset();
    EXPECT_THROW(waiter.join(), std::system_error);
  }
}

// Every set lets through whoever waits at that moment: two that take turns never hang.
TEST(event, passes_turns_between_two_runtimes_and_a_thread) {
  constexpr int k_turns = 300;
  weft::event turns[3];
  const auto play = [&](int me) {
    for (int i = 0; i < k_turns; ++i) {
      turns[me].wait();
      turns[me].reset();
      turns[(me + 1) % 3].set();
    }
  };
  weft::runtime one({.workers = 1}), other({.workers = 2});
  one.go([&] { play(0); });
  std::thread plain([&] { play(1); });
  turns[0].set();
  other.run([&] { play(2); });
  plain.join();
}

}  // namespace
