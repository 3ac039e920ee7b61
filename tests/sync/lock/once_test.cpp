// What once.hpp promises.

#include <weft/sync/once.hpp>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/channel.hpp>

#include "await_parked.hpp"
#include "lock_stress.hpp"

namespace {

using weft::testing::await_parked;

constinit weft::once_flag global_flag;
static_assert(sizeof(weft::once_flag) == 48);
static_assert(std::is_trivially_destructible_v<weft::once_flag>);
static_assert(!std::is_copy_constructible_v<weft::once_flag> && !std::is_copy_assignable_v<weft::once_flag>);

TEST(once, works_before_anything_else) {
  int calls = 0;
  for (int n = 0; n < 3; ++n) weft::call_once(global_flag, [&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

FIBER_TEST(once, calls_one_function_of_all_that_come_from_fibers_of_two_runtimes_and_threads) {
  for (int n = 0; n < 10; ++n) {
    weft::once_flag flag;
    int calls = 0;  // plain: everybody who returns sees what the one call did
    weft::testing::on_fibers_and_threads(4, [&](std::size_t) {
      weft::call_once(flag, [&] {
        weft::this_fiber::yield();
        ++calls;
      });
      EXPECT_EQ(calls, 1);
    });
  }
}

FIBER_TEST(once, others_wait_until_the_function_has_returned) {
  weft::once_flag flag;
  weft::channel<int> gate;
  bool has_returned = false;
  auto runner = weft::spawn([&] {
    weft::call_once(flag, [&] {
      (void)gate.recv();
      has_returned = true;
    });
  });
  await_parked(1, "channel receive");
  std::vector<weft::join_handle<void>> others;
  for (int i = 0; i < 5; ++i)
    others.push_back(weft::spawn([&] {
      weft::call_once(flag, [] { FAIL() << "a second call"; });
      EXPECT_TRUE(has_returned);
    }));
  await_parked(5, "call_once");
  gate.send(1);
  runner.join();
  for (auto& each : others) each.join();
}

FIBER_TEST(once, an_exception_goes_to_its_caller_and_the_next_one_tries) {
  weft::once_flag flag;
  weft::channel<int> gate;
  bool called_again = false;
  auto failing = weft::spawn([&] {
    weft::call_once(flag, [&] {
      (void)gate.recv();
      throw std::runtime_error("no luck");
    });
  });
  await_parked(1, "channel receive");
  auto next = weft::spawn([&] { weft::call_once(flag, [&] { called_again = true; }); });
  await_parked(1, "call_once");
  gate.send(1);
  EXPECT_THROW(failing.join(), std::runtime_error);
  next.join();
  EXPECT_TRUE(called_again);
  weft::call_once(flag, [] { FAIL() << "a call after one that returned"; });
}

FIBER_TEST(once, a_fiber_that_is_cancelled_inside_the_function_leaves_it_to_the_next) {
  weft::once_flag flag;
  weft::channel<int> never;
  auto cancelled = weft::spawn([&] { weft::call_once(flag, [&] { (void)never.recv(); }); });
  await_parked(1, "channel receive");
  bool called_again = false;
  std::thread next([&] { weft::call_once(flag, [&] { called_again = true; }); });
  cancelled.request_stop();
  EXPECT_THROW(cancelled.join(), std::system_error);
  next.join();
  EXPECT_TRUE(called_again);
}

FIBER_TEST(once, waiting_is_not_a_cancellation_point) {
  weft::once_flag flag;
  weft::channel<int> gate;
  auto runner = weft::spawn([&] { weft::call_once(flag, [&] { (void)gate.recv(); }); });
  await_parked(1, "channel receive");
  bool came_back = false;
  auto waiter = weft::spawn([&] {
    weft::call_once(flag, [] {});
    came_back = true;
    weft::this_fiber::yield();
  });
  await_parked(1, "call_once");
  waiter.request_stop();
  gate.send(1);
  runner.join();
  EXPECT_THROW(waiter.join(), std::system_error);
  EXPECT_TRUE(came_back);
}

FIBER_TEST(once, calling_it_again_from_inside_is_refused_and_may_be_tried_again) {
  weft::once_flag flag;
  try {
    weft::call_once(flag, [&] { weft::call_once(flag, [] {}); });
    ADD_FAILURE() << "no exception";
  } catch (const std::system_error& refused) {
    EXPECT_EQ(refused.code(), std::errc::resource_deadlock_would_occur);
  }
  bool called = false;
  weft::call_once(flag, [&] { called = true; });
  EXPECT_TRUE(called);
}

struct account {
  int balance = 0;
  int add(int amount) { return balance += amount; }
};

FIBER_TEST(once, passes_arguments_on_and_takes_members) {
  weft::once_flag flag;
  account mine;
  weft::call_once(flag, &account::add, mine, 7);
  weft::call_once(flag, &account::add, mine, 7);
  EXPECT_EQ(mine.balance, 7);
}

}  // namespace
