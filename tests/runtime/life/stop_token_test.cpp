// The stop token of a fiber: who sets it, when, and on whose thread its callbacks run.

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <stop_token>
#include <system_error>
#include <thread>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "sleep_long.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::wait_until;
using weft::testing::wait_until_all_parked;
using weft::this_fiber::stop_token;

using weft::testing::sleep_long;

FIBER_TEST(stop_token, is_set_by_the_handle_and_its_callbacks_run_on_who_asks) {
  weft::fiber_id ran_on;
  auto handle = weft::spawn([&] {
    const std::stop_callback notes(stop_token(), [&ran_on] { ran_on = weft::this_fiber::get_id(); });
    EXPECT_FALSE(stop_token().stop_requested());
    try {
      sleep_long();
    } catch (const weft::cancelled&) {
      EXPECT_TRUE(stop_token().stop_requested());
      throw;
    }
  });
  wait_until_all_parked();
  handle.request_stop();
  EXPECT_EQ(ran_on, weft::this_fiber::get_id());
  EXPECT_THROW(handle.join(), std::system_error);
}

FIBER_TEST(stop_token, is_one_and_the_same_and_outlives_the_fiber) {
  std::stop_token kept;
  auto handle = weft::spawn([&] {
    kept = stop_token();
    EXPECT_EQ(kept, stop_token());
    weft::this_fiber::yield();
    EXPECT_EQ(kept, stop_token());
  });
  handle.join();
  EXPECT_FALSE(kept.stop_requested());
  EXPECT_NE(kept, stop_token());
}

FIBER_TEST(stop_token, made_after_the_request_is_set) {
  std::atomic<bool> is_begun{false}, asked{false};
  auto handle = weft::spawn([&] {
    is_begun = true;
    weft::shield([&] { wait_until([&] { return asked.load(); }); });
    EXPECT_TRUE(stop_token().stop_requested());
  });
  wait_until([&] { return is_begun.load(); });
  handle.request_stop();
  asked = true;
  handle.join();
}

FIBER_TEST(stop_token, tells_at_once_also_behind_a_shield) {
  std::atomic<bool> is_shielded{false};
  bool told = false;
  auto handle = weft::spawn([&] {
    weft::shield([&] {
      const std::stop_token token = stop_token();
      is_shielded = true;
      wait_until([&] { return token.stop_requested(); });
      told = true;
    });
  });
  wait_until([&] { return is_shielded.load(); });
  handle.request_stop();
  handle.join();
  EXPECT_TRUE(told);
}

// No lock is held: a callback uses the group that is being cancelled.
FIBER_TEST(stop_token, is_set_by_the_group_whose_callbacks_may_use_it) {
  constexpr int k_members = 40;
  weft::task_group group;
  std::atomic<int> ready{0}, told{0}, ran{0};
  for (int i = 0; i < k_members; ++i)
    group.go([&] {
      const std::stop_callback uses(stop_token(), [&] {
        ++told;
        group.set_limit(0);
        group.go([&ran] { ++ran; });
      });
      ++ready;
      sleep_long();
    });
  wait_until([&] { return ready == k_members; });
  wait_until_all_parked();  // one that still runs may unwind, and take its callback back, before it is told
  group.cancel();
  EXPECT_EQ(told, k_members);
  group.wait();
  EXPECT_EQ(ran, 0);
}

FIBER_TEST(stop_token, is_set_for_the_others_when_a_member_throws) {
  weft::task_group group;
  std::atomic<bool> is_waiting{false};
  group.go([&] {
    weft::shield([&] {
      const std::stop_token token = stop_token();
      is_waiting = true;
      wait_until([&] { return token.stop_requested(); });
    });
  });
  group.go([&] {
    wait_until([&] { return is_waiting.load(); });
    throw 1;
  });
  EXPECT_THROW(group.wait(), int);
}

// Made while somebody asks: it is set in the end, whoever was first.
FIBER_TEST(stop_token, made_while_somebody_asks_misses_nothing) {
  for (int round = 0; round < 200; ++round) {
    std::optional<std::stop_token> made;
    std::atomic<bool> asked{false};
    auto handle = weft::spawn([&, round] {
      for (int k = 0; k < round % 4; ++k) weft::this_fiber::yield();
      made = stop_token();
      weft::shield([&] { wait_until([&] { return asked.load(); }); });
    });
    for (int k = 0; k < round % 5; ++k) weft::this_fiber::yield();
    handle.request_stop();
    asked = true;
    try {
      handle.join();
    } catch (const std::system_error&) {
    }
    EXPECT_TRUE(!made || made->stop_requested()) << round;
  }
}

TEST(stop_token, is_set_by_the_end_of_the_runtime) {
  for (const std::size_t workers : {1u, 2u, 4u, 8u}) {
    std::atomic<bool> is_waiting{false}, told{false};
    weft::run(weft::options{.workers = workers}, [&] {
      weft::go([&] {
        weft::shield([&] {
          const std::stop_token token = stop_token();
          is_waiting = true;
          wait_until([&] { return token.stop_requested(); });
          told = true;
        });
      });
      wait_until([&] { return is_waiting.load(); });
    });
    EXPECT_TRUE(told);
  }
}

TEST(stop_token, of_a_plain_thread_is_never_set) { EXPECT_FALSE(stop_token().stop_possible()); }

}  // namespace
