// The seam through which everything waits: park.hpp.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;
using namespace weft::detail;

FIBER_TEST(runtime, unpark_before_park_is_not_lost) {
  const wait_token token = arm(cancellation::honoured);
  const claimed won = claim(token, wake_reason::ready);
  ASSERT_TRUE(won);
  unpark(won);
  EXPECT_EQ(park(token, weft::deadline::never(), "test"), wake_reason::ready);
}

FIBER_TEST(runtime, claim_before_park_and_unpark_after_it_wakes) {
  for (int i = 0; i < 200; ++i) {
    const wait_token token = arm(cancellation::honoured);
    const claimed won = claim(token, wake_reason::handed);
    ASSERT_TRUE(won);
    weft::go([won] { unpark(won); });
    EXPECT_EQ(park(token, weft::deadline::never(), "test"), wake_reason::handed);
  }
}

FIBER_TEST(runtime, only_one_claimant_wins_a_wait) {
  for (int round = 0; round < 100; ++round) {
    const wait_token token = arm(cancellation::honoured);
    std::atomic<int> wins{0};
    std::vector<weft::join_handle<void>> claimants;
    for (int i = 0; i < 4; ++i)
      claimants.push_back(weft::spawn([&wins, token] {
        const claimed won = claim(token, wake_reason::ready);
        if (!won) return;
        ++wins;
        unpark(won);
      }));
    EXPECT_EQ(park(token, weft::deadline::never(), "test"), wake_reason::ready);
    for (auto& each : claimants) each.join();
    EXPECT_EQ(wins, 1);
  }
}

FIBER_TEST(runtime, stale_claim_fails_for_ever) {
  wait_token stale;
  weft::spawn([&stale] {
    stale = arm(cancellation::honoured);
    EXPECT_TRUE(disarm(stale));
  }).join();
  EXPECT_FALSE(claim(stale, wake_reason::ready));
  // The block is used again, by waits of other fibers: none of them may be hit.
  for (int i = 0; i < 300; ++i) {
    weft::spawn([&stale] {
      const wait_token mine = arm(cancellation::honoured);
      EXPECT_FALSE(claim(stale, wake_reason::ready));
      EXPECT_TRUE(disarm(mine));
    }).join();
  }
}

FIBER_TEST(runtime, deadline_ends_a_wait_and_a_claim_after_it_fails) {
  const wait_token token = arm(cancellation::honoured);
  EXPECT_EQ(park(token, weft::deadline::after(now(), 1ms), "test"), wake_reason::timed_out);
  EXPECT_FALSE(claim(token, wake_reason::ready));
}

FIBER_TEST(runtime, deadline_races_claim_and_exactly_one_wins) {
  for (int i = 0; i < 200; ++i) {
    const wait_token token = arm(cancellation::honoured);
    auto waker = weft::spawn([token] {
      for (int k = 0; k < 20; ++k) weft::this_fiber::yield();
      const claimed won = claim(token, wake_reason::ready);
      if (won) unpark(won);
      return static_cast<bool>(won);
    });
    const wake_reason reason = park(token, weft::deadline::after(now(), 20us), "test");
    EXPECT_EQ(waker.join(), reason == wake_reason::ready);
  }
}

FIBER_TEST(runtime, plain_thread_and_fiber_wake_each_other) {
  std::atomic<bool> armed{false};
  wait_token of_thread;
  wake_reason seen{};
  std::thread thread([&] {
    of_thread = arm(cancellation::ignored);
    armed.store(true);
    seen = park(of_thread, weft::deadline::never(), "test");
  });
  weft::testing::wait_until([&] { return armed.load(); });
  const claimed won = claim(of_thread, wake_reason::closed);
  ASSERT_TRUE(won);
  unpark(won);
  thread.join();
  EXPECT_EQ(seen, wake_reason::closed);

  const wait_token mine = arm(cancellation::honoured);
  std::thread waker([mine] {
    if (const claimed w = claim(mine, wake_reason::ready)) unpark(w);
  });
  EXPECT_EQ(park(mine, weft::deadline::never(), "test"), wake_reason::ready);
  waker.join();
}

TEST(park, a_plain_thread_waits_until_its_deadline) {
  const wait_token token = arm(cancellation::honoured);
  EXPECT_EQ(park(token, weft::deadline::after(now(), 1ms), "test"), wake_reason::timed_out);
  EXPECT_FALSE(claim(token, wake_reason::ready));
}

FIBER_TEST(runtime, wait_list_skips_waiters_that_cannot_be_won) {
  internal_lock lock;
  wait_list list;
  wait_node gone;
  gone.token = arm(cancellation::honoured);
  EXPECT_TRUE(disarm(gone.token));
  auto waiter = weft::spawn([&] {
    wait_node node;
    lock.lock();
    node.token = arm(cancellation::honoured);
    list.push_back(gone);
    list.push_back(node);
    lock.unlock();
    return park(node.token, weft::deadline::never(), "test");
  });
  claimed won;
  weft::testing::wait_until([&] {
    const internal_guard guard(lock);
    return !list.empty();
  });
  lock.lock();
  EXPECT_NE(list.claim_front(wake_reason::handed, won), nullptr);
  EXPECT_TRUE(list.empty());
  lock.unlock();
  unpark(won);
  EXPECT_EQ(waiter.join(), wake_reason::handed);
}

}  // namespace
