// The scope in which members of a task group begin: that of the group, and of nobody else. The clock stands still
// unless a test moves it.

#include <gtest/gtest.h>

#include <atomic>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

#include "clocked.hpp"
#include "sleep_long.hpp"

namespace {

using namespace std::chrono_literals;
using weft::task_group;
using weft::testing::wait_until;

CLOCKED_TESTS(task_groups);

using weft::testing::sleep_long;

TEST_P(task_groups, members_are_under_the_limit_in_which_the_group_was_made) {
  run([&] {
    std::atomic<int> alive{0};
    auto owner = weft::spawn([&] {
      weft::with_timeout(1s, [&] {
        task_group group;
        for (int i = 0; i < 5; ++i)
          group.go([&] {
            ++alive;
            try {
              sleep_long();
            } catch (const weft::cancelled&) {
              EXPECT_THROW(weft::this_fiber::yield(), weft::cancelled);
              --alive;
              throw;
            }
          });
        group.wait();
      });
    });
    wait_until([&] { return alive == 5; });
    advance_when_all_wait(1s);
    EXPECT_THROW(owner.join(), weft::timed_out);
    EXPECT_EQ(alive, 0);
  });
}

TEST_P(task_groups, members_are_not_under_the_limits_of_who_calls_go) {
  run([&] {
    task_group group;
    std::atomic<bool> slept{false};
    weft::with_timeout(1s, [&] {
      group.go([&] {
        weft::this_fiber::sleep_for(3s);
        slept = true;
      });
    });
    advance_when_all_wait(3s);
    group.wait();
    EXPECT_TRUE(slept);
  });
}

TEST_P(task_groups, one_made_inside_a_shield_is_out_of_reach_of_the_limit_around_it) {
  run([&] {
    std::atomic<bool> slept{false};
    auto owner = weft::spawn([&] {
      weft::with_timeout(1s, [&] {
        weft::shield([&] {
          task_group group;
          group.go([&] {
            weft::this_fiber::sleep_for(2s);
            slept = true;
          });
          group.wait();
        });
        weft::this_fiber::yield();
      });
    });
    advance_when_all_wait(2s);
    EXPECT_THROW(owner.join(), weft::timed_out);
    EXPECT_TRUE(slept);
  });
}

TEST_P(task_groups, a_limit_of_a_member_is_its_own) {
  run([&] {
    task_group group;
    std::atomic<int> late{0};
    for (int i = 1; i <= 4; ++i)
      group.go([&late, i] {
        if (!weft::try_with_timeout(1s * i, sleep_long)) ++late;
      });
    for (int i = 1; i <= 4; ++i) {
      advance_when_all_wait(1s);
      wait_until([&] { return late == i; });
    }
    group.wait();
  });
}

}  // namespace
