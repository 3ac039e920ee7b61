// What latch.hpp promises. How it is counted is countdown.cpp's, as a wait_group's.

#include <weft/sync/latch.hpp>

#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"
#include "last_access.hpp"

namespace {

using weft::testing::await_parked;

constinit weft::latch open_latch{0};

FIBER_TEST(latch, that_expects_nobody_is_open) {
  open_latch.wait();
  EXPECT_TRUE(open_latch.try_wait());
}

FIBER_TEST(latch, opens_when_all_have_counted_down_and_shows_what_they_wrote) {
  constexpr std::size_t k_fibers = 50;
  weft::latch ready(k_fibers);
  std::vector<int> wrote(k_fibers);  // plain: TSan sees a count_down() that does not publish
  for (std::size_t i = 0; i < k_fibers; ++i) {
    weft::go([&, i] {
      wrote[i] = 1;
      if (i % 3 == 0) weft::this_fiber::yield();
      ready.count_down();
    });
  }
  ready.wait();
  EXPECT_EQ(wrote, std::vector<int>(k_fibers, 1));
  EXPECT_TRUE(ready.try_wait());
}

FIBER_TEST(latch, lets_nobody_through_before_and_everybody_then) {
  weft::latch ready(3);
  std::vector<weft::join_handle<void>> all;
  for (int i = 0; i < 5; ++i) all.push_back(weft::spawn([&] { ready.wait(); }));
  await_parked(5, "latch");
  ready.count_down(2);
  EXPECT_FALSE(ready.try_wait());
  weft::this_fiber::yield();
  await_parked(5, "latch");
  ready.count_down();
  for (auto& each : all) each.join();
}

FIBER_TEST(latch, those_who_arrive_and_wait_go_on_together) {
  weft::latch meeting(4);
  std::vector<weft::join_handle<void>> all;
  for (int i = 0; i < 2; ++i) all.push_back(weft::spawn([&] { meeting.arrive_and_wait(); }));
  std::thread plain([&] { meeting.arrive_and_wait(); });
  meeting.arrive_and_wait();
  for (auto& each : all) each.join();
  plain.join();
}

FIBER_TEST(latch, misuse_throws_and_changes_nothing) {
  EXPECT_THROW(weft::latch(-1), std::invalid_argument);
  EXPECT_THROW(weft::latch(weft::latch::max() + 1), std::invalid_argument);
  weft::latch ready(2);
  EXPECT_THROW(ready.count_down(3), std::logic_error);
  EXPECT_THROW(ready.count_down(-1), std::logic_error);
  EXPECT_THROW(ready.count_down(weft::latch::max() + 1), std::logic_error);
  ready.count_down(0);
  ready.count_down(2);
  EXPECT_THROW(ready.count_down(), std::logic_error);
  EXPECT_TRUE(ready.try_wait());
}

FIBER_TEST(latch, a_cancelled_waiter_leaves_and_the_others_stay) {
  weft::latch ready(1);
  auto first = weft::spawn([&] { ready.wait(); });
  auto second = weft::spawn([&] { ready.wait(); });
  await_parked(2, "latch");
  first.request_stop();
  EXPECT_THROW(first.join(), std::system_error);
  ready.count_down();
  second.join();
}

FIBER_TEST(latch, one_who_is_cancelled_as_he_arrives_has_arrived) {
  weft::latch ready(2);
  auto arriving = weft::spawn([&] {
    try {
      weft::this_fiber::sleep_for(std::chrono::hours(1));
    } catch (const weft::cancelled&) {
      ready.arrive_and_wait();  // throws
    }
  });
  await_parked(1, "sleep");
  arriving.request_stop();
  EXPECT_THROW(arriving.join(), std::system_error);
  ready.arrive_and_wait();
}

FIBER_TEST(latch, may_be_destroyed_by_a_waiter_as_soon_as_its_wait_returns) {
  for (int n = 0; n < 500; ++n) {
    auto ready = std::make_unique<weft::latch>(2);
    weft::go([raw = ready.get()] { raw->count_down(); });
    weft::go([raw = ready.get()] { raw->count_down(); });
    if (n % 2 == 0) weft::this_fiber::yield();
    ready->wait();
  }
}

struct for_one : weft::latch {
  for_one() : latch(1) {}
};

TEST(latch, is_not_touched_by_the_last_count_down_once_a_wait_has_returned) {
  weft::testing::expect_no_access_after_wait<for_one>(
      1000, [](for_one&) {}, [](for_one& ready) { ready.count_down(); }, [](for_one& ready) { ready.wait(); });
}

TEST(latch, opens_for_two_runtimes) {
  weft::latch ready(2), seen(2);
  weft::runtime one({.workers = 1}), other({.workers = 2});
  const auto meet = [&] {
    ready.arrive_and_wait();
    seen.count_down();
  };
  one.go(meet);
  other.go(meet);
  seen.wait();
}

}  // namespace
