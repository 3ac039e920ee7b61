// A runtime's beginning, its end, and what it refuses.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

#include <execinfo.h>

#include <support/fiber_test.hpp>
#include <weft/runtime/detail/check.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "live_counts.hpp"

namespace {

using namespace std::chrono_literals;

TEST(runtime, run_returns_and_rethrows) {
  EXPECT_EQ(weft::run([] { return 7; }), 7);
  EXPECT_EQ(weft::run(weft::options{.workers = 1}, [] { return std::string("x"); }), "x");
  EXPECT_THROW(weft::run([] { throw std::out_of_range("main"); }), std::out_of_range);
  weft::run([] {});
}

TEST(runtime, leaves_nothing_behind) {
  weft::run(weft::options{.workers = 4}, [] {
    for (int i = 0; i < 100; ++i) weft::go([] { weft::this_fiber::sleep_for(1h); });
    weft::testing::wait_until_all_parked();
  });
  const weft::detail::counts left = weft::detail::live_counts();
  EXPECT_EQ(left.fibers, 0u);
  EXPECT_EQ(left.stacks, 0u);
  EXPECT_EQ(left.timers, 0u);
}

FIBER_TEST(runtime, refuses_to_start_another_inside_a_fiber) {
  EXPECT_THROW(weft::run([] {}), std::logic_error);
  EXPECT_THROW(weft::runtime(), std::logic_error);
}

TEST(runtime, refuses_work_after_stop_and_a_second_stop_does_nothing) {
  weft::runtime rt;
  EXPECT_EQ(rt.run([] { return 1; }), 1);
  rt.stop();
  rt.stop();
  EXPECT_THROW(rt.go([] {}), std::logic_error);
}

// A spawn from outside is either refused or its fiber is waited for: its closure dies in any case.
TEST(runtime, go_races_stop_and_no_closure_is_lost) {
  for (int round = 0; round < 30; ++round) {
    const auto alive = std::make_shared<int>(0);
    weft::runtime rt(weft::options{.workers = 2});
    std::atomic<bool> begun{false};
    std::thread spawner([&] {
      try {
        for (int i = 0; i < 300; ++i) {  // a race detector has room for some thousand fibers
          rt.go([alive] { weft::this_fiber::sleep_for(1h); });
          begun = true;
        }
      } catch (const std::logic_error&) {
      }
    });
    while (!begun) std::this_thread::yield();
    rt.stop();
    spawner.join();
    EXPECT_EQ(alive.use_count(), 1);
  }
}

TEST(runtime, starts_and_stops_many_times) {
  for (int i = 0; i < 50; ++i) {
    weft::runtime rt(weft::options{.workers = static_cast<std::size_t>(1 + i % 4)});
    rt.go([] { weft::this_fiber::sleep_for(1h); });
    if (i % 2 == 0) rt.run([] {});
  }
}

TEST(runtime, two_runtimes_wake_each_other) {
  weft::runtime a(weft::options{.workers = 2});
  weft::runtime b(weft::options{.workers = 2});
  using namespace weft::detail;
  for (int i = 0; i < 200; ++i) {
    a.run([&b] {
      const wait_token token = arm(cancellation::honoured);
      b.go([token] {
        if (const claimed won = claim(token, wake_reason::ready)) unpark(won);
      });
      EXPECT_EQ(park(token, weft::deadline::never(), "other runtime"), wake_reason::ready);
    });
  }
}

// The waker may still be inside wake-up code when the fiber it woke has ended the runtime.
TEST(runtime, wakers_from_outside_may_be_late) {
  using namespace weft::detail;
  for (int i = 0; i < 200; ++i) {
    std::atomic<bool> armed{false};
    wait_token token;
    std::thread waker([&] {
      while (!armed.load(std::memory_order_acquire)) std::this_thread::yield();
      if (const claimed won = claim(token, wake_reason::ready)) unpark(won);
    });
    weft::run(weft::options{.workers = 2}, [&] {
      token = arm(cancellation::honoured);
      armed.store(true, std::memory_order_release);
      EXPECT_EQ(park(token, weft::deadline::never(), "outside"), wake_reason::ready);
    });
    waker.join();
  }
}

FIBER_TEST(runtime, a_backtrace_ends_at_the_fibers_entry) {
  void* frames[200];
  const int depth = ::backtrace(frames, 200);
  EXPECT_GT(depth, 1);
  EXPECT_LT(depth, 60);
}

FIBER_TEST(runtime, snapshot_shows_process_threads_and_fibers) {
  weft::go({.name = "sleeper"}, [] { weft::this_fiber::sleep_for(1h); });
  weft::testing::wait_until_all_parked();
  std::size_t workers = 0;
  std::size_t netpollers = 0;
  weft::process_snapshot taken;
  weft::testing::wait_until([&taken] {  // the last thread may be starting still
    taken = weft::snapshot();
    return std::any_of(taken.threads.begin(), taken.threads.end(),
                       [](const auto& t) { return t.role == weft::thread_role::netpoller; });
  });
  for (const weft::thread_info& t : taken.threads) {
    workers += t.role == weft::thread_role::worker;
    netpollers += t.role == weft::thread_role::netpoller;
    EXPECT_EQ(t.loop.empty(), t.role == weft::thread_role::plain || t.role == weft::thread_role::blocking_helper);
  }
  EXPECT_GE(workers, 1u);
  EXPECT_EQ(netpollers, 1u);
  EXPECT_EQ(taken.count(weft::fiber_state::running), 1u);
  EXPECT_EQ(taken.count(weft::fiber_state::parked), 1u);
  EXPECT_EQ(taken.fibers.size(), 2u);
}

TEST(runtime_death_test, a_failed_check_names_values_and_fiber) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(weft::run([] { WEFT_CHECK(1 + 1 == 3, "arithmetic: must hold", 1, -2L, "one"); }),
               "check failed: arithmetic: must hold: 1 -2 one \\(1 \\+ 1 == 3\\).*fiber #[0-9]+ 'main'");
}

}  // namespace
