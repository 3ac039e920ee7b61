// Task groups of many, groups of groups, and everything at once.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

#include "sanitizers.hpp"
#include "sleep_long.hpp"

namespace {

using namespace std::chrono_literals;
using weft::task_group;
using weft::testing::wait_until;
using weft::testing::wait_until_all_parked;

#if defined(WEFT_TSAN)
constexpr int k_many = 1'000;
#else
constexpr int k_many = 5'000;
#endif

using weft::testing::sleep_long;

FIBER_TEST(task_group, thousands_that_wait_are_cancelled_at_once) {
  std::atomic<int> begun{0}, unwound{0};
  struct counted {
    std::atomic<int>& unwound;
    ~counted() { ++unwound; }
  };
  task_group group;
  for (int i = 0; i < k_many; ++i)
    group.go({.stack_size = 16 << 10}, [&] {
      const counted guard{unwound};
      ++begun;
      sleep_long();
    });
  wait_until([&] { return begun == k_many; });
  group.cancel();
  group.wait();
  EXPECT_EQ(unwound, k_many);
}

FIBER_TEST(task_group, members_of_a_cancelled_group_never_run_but_their_closures_die) {
  auto alive = std::make_shared<int>(0);
  std::atomic<int> ran{0};
  task_group group;
  for (int i = 0; i < 200; ++i) group.go([alive] { sleep_long(); });
  group.cancel();
  for (int i = 0; i < 200; ++i) group.go([alive, &ran] { ++ran; });
  group.wait();
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(alive.use_count(), 1);
}

// Each member either has finished, or was unwound, and is counted once.
FIBER_TEST(task_group, completion_races_cancellation) {
  for (int round = 0; round < 100; ++round) {
    std::atomic<int> finished{0}, unwound{0}, begun{0};
    task_group group;
    for (int i = 0; i < 20; ++i)
      group.go([&, i] {
        ++begun;
        try {
          for (int k = 0; k < (i + round) % 7; ++k) weft::this_fiber::yield();
          if (i % 3 == 0) weft::this_fiber::sleep_for(1us);
          ++finished;
        } catch (const weft::cancelled&) {
          ++unwound;
          throw;
        }
      });
    for (int k = 0; k < round % 9; ++k) weft::this_fiber::yield();
    group.cancel();
    group.wait();
    EXPECT_EQ(finished + unwound, begun);
  }
}

FIBER_TEST(task_group, exceptions_race_each_other_and_one_is_told) {
  for (int round = 0; round < 100; ++round) {
    task_group group;
    for (int i = 0; i < 10; ++i)
      group.go([i] {
        weft::this_fiber::yield();
        throw i;
      });
    int told = -1;
    try {
      group.wait();
    } catch (int i) {
      told = i;
    }
    EXPECT_GE(told, 0);
  }
}

// Places are given back by members that end, that are cancelled, and handed to who waits: none is lost.
FIBER_TEST(task_group, places_race_cancellations_of_those_who_wait_for_them) {
  for (int round = 0; round < 30; ++round) {
    std::atomic<int> ran{0}, refused{0};
    task_group group;
    group.set_limit(2);
    std::vector<weft::join_handle<void>> goers;
    for (int i = 0; i < 10; ++i)
      goers.push_back(weft::spawn([&] {
        try {
          group.go([&] {
            weft::this_fiber::yield();
            ++ran;
          });
        } catch (const weft::cancelled&) {
          ++refused;
        }
      }));
    for (int k = 0; k < round % 6; ++k) weft::this_fiber::yield();
    for (std::size_t i = 0; i < goers.size(); i += 2) goers[i].request_stop();
    int never_ran = 0;
    for (auto& each : goers) {
      try {
        each.join();
      } catch (const std::system_error&) {
        ++never_ran;  // cancelled before its first turn
      }
    }
    group.wait();
    EXPECT_EQ(ran + refused + never_ran, 10);
  }
}

FIBER_TEST(task_group, members_start_members) {
  std::atomic<int> leaves{0};
  task_group group;
  const std::function<void(int)> grow = [&](int depth) {
    if (depth == 0) {
      ++leaves;
      return;
    }
    group.go(grow, depth - 1);
    group.go(grow, depth - 1);
  };
  group.go(grow, 7);
  group.wait();
  EXPECT_EQ(leaves, 128);
}

// A group in each member: what ends the outer one reaches the innermost as their owners unwind.
FIBER_TEST(task_group, cancelling_a_group_of_groups_reaches_all) {
  std::atomic<int> alive{0};
  struct counted {
    std::atomic<int>& alive;
    explicit counted(std::atomic<int>& in) : alive(in) { ++alive; }
    ~counted() { --alive; }
  };
  task_group outer;
  for (int i = 0; i < 5; ++i)
    outer.go([&alive, i] {
      task_group inner;
      for (int k = 0; k < 5; ++k)
        inner.go([&alive] {
          task_group innermost;
          innermost.go([&alive] {
            const counted me(alive);
            sleep_long();
          });
          innermost.wait();
        });
      if (i % 2 == 0) inner.wait();  // the others are in its destructor
    });
  wait_until([&] { return alive == 25; });
  outer.cancel();
  outer.wait();
  EXPECT_EQ(alive, 0);
}

FIBER_TEST(task_group, an_exception_deep_inside_ends_all_on_its_way_out) {
  std::atomic<bool> throws{false};
  task_group outer;
  for (int i = 0; i < 4; ++i)
    outer.go([&throws, i] {
      task_group inner;
      inner.go(sleep_long);
      inner.go([&throws, i] {
        if (i != 3) sleep_long();
        wait_until([&] { return throws.load(); });
        throw std::runtime_error("deep inside");
      });
      inner.wait();
    });
  throws = true;
  EXPECT_THROW(outer.wait(), std::runtime_error);
}

FIBER_TEST(task_group, others_wait_for_it_and_cancel_it_too) {
  task_group group;
  for (int i = 0; i < 10; ++i) group.go(sleep_long);
  std::vector<weft::join_handle<void>> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(weft::spawn([&] { group.wait(); }));
  wait_until_all_parked();
  std::thread([&] { group.request_stop(); }).join();
  for (auto& each : waiting) each.join();
  group.wait();
}

FIBER_TEST(task_group, a_member_that_waits_for_its_own_group_is_told_so) {
  task_group group;
  std::atomic<int> refused{0};
  for (int i = 0; i < 3; ++i)
    group.go([&] {
      try {
        weft::with_timeout(1h, [&] { group.wait(); });
      } catch (const std::system_error& e) {
        if (e.code() == std::errc::resource_deadlock_would_occur) ++refused;
      }
    });
  group.wait();
  EXPECT_EQ(refused, 3);
}

// Who waits may destroy the group at once.
FIBER_TEST(task_group, dies_as_soon_as_it_was_waited_for) {
  for (int i = 0; i < 300; ++i) {
    auto group = std::make_unique<task_group>();
    for (int k = 0; k < 3; ++k) group->go([] { weft::this_fiber::yield(); });
    if (i % 2 == 0) group->wait();
    group.reset();
  }
}

TEST(task_group, the_end_of_a_runtime_ends_its_members) {
  for (const std::size_t workers : {1u, 2u, 4u, 8u}) {
    std::atomic<int> alive{0};
    std::atomic<bool> is_waiting{false};
    weft::run(weft::options{.workers = workers}, [&] {
      weft::go([&] {
        task_group group;
        for (int i = 0; i < 10; ++i)
          group.go([&] {
            ++alive;
            try {
              sleep_long();
            } catch (const weft::cancelled&) {
              --alive;
              throw;
            }
          });
        is_waiting = true;
        group.wait();
      });
      wait_until([&] { return is_waiting && alive == 10; });
    });
    EXPECT_EQ(alive, 0);
  }
}

}  // namespace
