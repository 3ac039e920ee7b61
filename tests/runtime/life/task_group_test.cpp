// Task groups: who is waited for, who is cancelled, what is told, and that none of it is lost when it comes at once.

#include <weft/runtime/task_group.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

#include "sleep_long.hpp"

namespace {

using namespace std::chrono_literals;
using weft::task_group;
using weft::testing::wait_until;
using weft::testing::wait_until_all_parked;

using weft::testing::sleep_long;

// Counts who is alive, and who ever was.
struct census {
  std::atomic<int> alive{0};
  std::atomic<int> ever{0};

  struct one {
    explicit one(census& in) : all(in) {
      ++all.alive;
      ++all.ever;
    }
    ~one() { --all.alive; }
    one(const one&) = delete;
    one& operator=(const one&) = delete;
    census& all;
  };
};

FIBER_TEST(task_group, wait_returns_when_all_members_have_ended) {
  census members;
  task_group group;
  group.wait();  // nobody
  for (int i = 0; i < 100; ++i)
    group.go([&members] {
      const census::one me(members);
      for (int k = 0; k < 3; ++k) weft::this_fiber::yield();
    });
  group.wait();
  EXPECT_EQ(members.ever, 100);
  EXPECT_EQ(members.alive, 0);
}

FIBER_TEST(task_group, go_takes_arguments_and_options_as_spawn_does) {
  task_group group;
  std::atomic<int> sum{0};
  group.go([&sum](int a, std::unique_ptr<int> b) { sum += a + *b; }, 1, std::make_unique<int>(2));
  group.go({.name = "member"}, [&sum] { sum += 10; });
  group.go(
      {.stack_size = 1 << 20}, [&sum](int a) { sum += a; }, 100);
  group.go([&sum] { return sum += 1000; });  // what it returns is dropped
  group.wait();
  EXPECT_EQ(sum, 1113);
}

FIBER_TEST(task_group, closures_are_gone_when_wait_returns) {
  auto alive = std::make_shared<int>(0);
  task_group group;
  for (int i = 0; i < 50; ++i) group.go([alive] { weft::this_fiber::yield(); });
  group.wait();
  EXPECT_EQ(alive.use_count(), 1);
}

// --- Limits of members.

FIBER_TEST(task_group, never_more_members_than_the_limit_says) {
  census members;
  task_group group;
  group.set_limit(3);
  std::atomic<int> most{0};
  for (int i = 0; i < 60; ++i)
    group.go([&] {
      const census::one me(members);
      for (int seen = most; seen < members.alive && !most.compare_exchange_weak(seen, members.alive);) {
      }
      weft::this_fiber::yield();
    });
  group.wait();
  EXPECT_EQ(members.ever, 60);
  EXPECT_LE(most, 3);
}

FIBER_TEST(task_group, a_limit_that_is_raised_lets_in_who_waits) {
  task_group group;
  group.set_limit(1);
  group.go(sleep_long);
  std::atomic<int> let_in{0};
  std::vector<weft::join_handle<void>> waiting;
  for (int i = 0; i < 3; ++i)
    waiting.push_back(weft::spawn([&] {
      group.go(sleep_long);
      ++let_in;
    }));
  wait_until_all_parked();
  EXPECT_EQ(let_in, 0);
  group.set_limit(3);
  wait_until([&] { return let_in == 2; });
  wait_until_all_parked();
  EXPECT_EQ(let_in, 2);
  group.set_limit(0);
  for (auto& each : waiting) each.join();
  group.cancel();
  group.wait();
}

FIBER_TEST(task_group, go_at_its_limit_is_a_cancellation_point_and_otherwise_none) {
  task_group group;
  std::atomic<bool> asked{false};
  auto goes = weft::spawn([&] {
    while (!asked) weft::shield([] { weft::this_fiber::yield(); });
    group.go([] {});
    group.set_limit(1);
    group.go(sleep_long);
    group.go([] { ADD_FAILURE() << "there was no place"; });
  });
  goes.request_stop();
  asked = true;
  EXPECT_THROW(goes.join(), std::system_error);
  group.cancel();
  group.wait();
}

FIBER_TEST(task_group, one_cancelled_while_it_waits_for_a_place_leaves_the_place_to_others) {
  task_group group;
  group.set_limit(1);
  std::atomic<bool> may_end{false};
  group.go([&] { wait_until([&] { return may_end.load(); }); });
  auto cancelled = weft::spawn([&] { group.go([] {}); });
  std::atomic<bool> ran{false};
  auto other = weft::spawn([&] { group.go([&] { ran = true; }); });
  for (int i = 0; i < 5; ++i) weft::this_fiber::yield();
  cancelled.request_stop();
  EXPECT_THROW(cancelled.join(), std::system_error);
  may_end = true;
  other.join();
  group.wait();
  EXPECT_TRUE(ran);
}

// --- Exceptions.

FIBER_TEST(task_group, the_first_exception_cancels_the_rest_and_comes_out_of_wait) {
  census members;
  task_group group;
  for (int i = 0; i < 20; ++i)
    group.go([&] {
      const census::one me(members);
      sleep_long();
    });
  wait_until([&] { return members.alive == 20; });
  group.go([] { throw std::runtime_error("the first"); });
  try {
    group.wait();
    ADD_FAILURE() << "wait returned";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "the first");
  }
  EXPECT_EQ(members.alive, 0);
}

FIBER_TEST(task_group, further_exceptions_are_dropped_and_end_nothing) {
  task_group group;
  for (int i = 0; i < 30; ++i)
    group.go([i] {
      try {
        if (i % 2 == 0) sleep_long();
      } catch (const weft::cancelled&) {
      }
      throw i;
    });
  EXPECT_THROW(group.wait(), int);
  group.wait();  // nobody, and nothing to tell
  {
    task_group unseen;
    unseen.go([] { throw 1; });
  }
}

FIBER_TEST(task_group, is_as_new_after_each_wait) {
  task_group group;
  std::atomic<int> ran{0};
  group.go([&] { ++ran; });
  group.wait();
  group.go([] { throw 1; });
  EXPECT_THROW(group.wait(), int);
  group.go([&] { ++ran; });
  group.wait();
  group.cancel();
  group.go([&] { ++ran; });  // does not run
  group.wait();
  group.go([&] { ++ran; });
  group.wait();
  EXPECT_EQ(ran, 3);
}

FIBER_TEST(task_group, a_member_that_could_not_be_made_leaves_it_as_it_was) {
  struct refuses_to_move {
    refuses_to_move() = default;
    refuses_to_move(refuses_to_move&&) { throw std::runtime_error("not moved"); }
    void operator()() const {}
  };
  task_group group;
  group.set_limit(1);
  EXPECT_THROW(group.go({.stack_size = SIZE_MAX}, [] {}), std::invalid_argument);
  EXPECT_THROW(group.go(refuses_to_move()), std::runtime_error);
  group.wait();
  bool ran = false;
  group.go([&] { ran = true; });  // there is a place
  group.wait();
  EXPECT_TRUE(ran);
}

// --- Its end.

FIBER_TEST(task_group, the_destructor_joins) {
  census members;
  {
    task_group group;
    for (int i = 0; i < 20; ++i)
      group.go([&] {
        const census::one me(members);
        for (int k = 0; k < 5; ++k) weft::this_fiber::yield();
      });
  }
  EXPECT_EQ(members.ever, 20);
  EXPECT_EQ(members.alive, 0);
}

FIBER_TEST(task_group, the_destructor_cancels_when_an_exception_runs_it) {
  census members;
  EXPECT_THROW(
      {
        task_group group;
        group.go([&] {
          const census::one me(members);
          sleep_long();
        });
        wait_until([&] { return members.alive == 1; });
        throw std::runtime_error("past the group");
      },
      std::runtime_error);
  EXPECT_EQ(members.alive, 0);
}

// One that is made and destroyed while an exception unwinds further out has nothing to do with it.
FIBER_TEST(task_group, made_in_a_destructor_that_unwinds_is_not_cancelled_by_that) {
  struct works_in_its_destructor {
    bool& worked;
    ~works_in_its_destructor() {
      task_group group;
      group.go([this] {
        weft::this_fiber::yield();
        worked = true;
      });
    }
  };
  bool worked = false;
  EXPECT_THROW(
      {
        const works_in_its_destructor guard{worked};
        throw std::runtime_error("unwinds");
      },
      std::runtime_error);
  EXPECT_TRUE(worked);
}

FIBER_TEST(task_group, a_cancellation_meanwhile_makes_the_destructor_cancel_and_join) {
  census members;
  auto owner = weft::spawn([&] {
    task_group group;
    group.go([&] {
      const census::one me(members);
      sleep_long();
    });
  });
  wait_until([&] { return members.alive == 1; });
  wait_until_all_parked();
  owner.request_stop();
  owner.join();  // nothing was thrown: its function has returned
  EXPECT_EQ(members.alive, 0);
}

FIBER_TEST(task_group, a_wait_that_is_cancelled_leaves_the_members_alone) {
  census members;
  task_group group;
  for (int i = 0; i < 5; ++i)
    group.go([&] {
      const census::one me(members);
      sleep_long();
    });
  wait_until([&] { return members.alive == 5; });
  EXPECT_FALSE(weft::try_with_timeout(0s, [&] { group.wait(); }));
  auto waits = weft::spawn([&] { group.wait(); });
  wait_until_all_parked();
  waits.request_stop();
  EXPECT_THROW(waits.join(), std::system_error);
  EXPECT_EQ(members.alive, 5);
  group.cancel();
  group.wait();
  EXPECT_EQ(members.alive, 0);
}

TEST(task_group, on_a_plain_thread_is_refused_by_name) {
  try {
    task_group group;
    FAIL() << "it was made";
  } catch (const std::logic_error& e) {
    EXPECT_NE(std::string(e.what()).find("task_group outside a runtime"), std::string::npos) << e.what();
  }
}

}  // namespace
