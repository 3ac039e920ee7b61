// What wait_group.hpp promises, and the races around it.

#include <weft/sync/wait_group.hpp>

#include <limits>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"
#include "last_access.hpp"

namespace {

using weft::testing::await_parked;

constinit weft::wait_group global_group;

FIBER_TEST(wait_group, wait_returns_when_all_are_done_and_sees_what_they_wrote) {
  constexpr std::size_t k_fibers = 100;
  weft::wait_group wg;
  std::vector<int> wrote(k_fibers);  // plain: TSan sees a done() that does not publish
  for (std::size_t i = 0; i < k_fibers; ++i) {
    wg.add();
    weft::go([&, i] {
      wrote[i] = 1;
      if (i % 3 == 0) weft::this_fiber::yield();
      wg.done();
    });
  }
  wg.wait();
  EXPECT_EQ(wrote, std::vector<int>(k_fibers, 1));
}

FIBER_TEST(wait_group, of_nothing_does_not_wait) { global_group.wait(); }

FIBER_TEST(wait_group, does_not_return_before_the_last_is_done) {
  weft::wait_group wg;
  wg.add(2);
  bool returned = false;
  auto waiter = weft::spawn([&] {
    wg.wait();
    returned = true;
  });
  await_parked(1, "wait group");
  wg.done();
  for (int i = 0; i < 50; ++i) weft::this_fiber::yield();
  await_parked(1, "wait group");
  EXPECT_FALSE(returned);
  wg.add(-1);
  waiter.join();
  EXPECT_TRUE(returned);
}

FIBER_TEST(wait_group, releases_every_waiter_and_can_be_used_again) {
  weft::wait_group wg;
  for (int round = 0; round < 3; ++round) {
    wg.add(1);
    std::vector<weft::join_handle<void>> all;
    for (int i = 0; i < 10; ++i) all.push_back(weft::spawn([&] { wg.wait(); }));
    await_parked(10, "wait group");
    wg.done();
    for (auto& each : all) each.join();
  }
}

FIBER_TEST(wait_group, a_count_below_zero_throws_and_changes_nothing) {
  weft::wait_group wg;
  EXPECT_THROW(wg.done(), std::logic_error);
  wg.add(2);
  EXPECT_THROW(wg.add(-3), std::logic_error);
  EXPECT_THROW(wg.add(std::numeric_limits<std::int32_t>::min()), std::logic_error);
  EXPECT_THROW(wg.add(std::numeric_limits<std::int32_t>::max()), std::logic_error);
  wg.add(-2);
  wg.wait();
}

FIBER_TEST(wait_group, a_cancelled_waiter_leaves_and_the_others_stay) {
  weft::wait_group wg;
  wg.add();
  auto first = weft::spawn([&] { wg.wait(); });
  auto second = weft::spawn([&] { wg.wait(); });
  await_parked(2, "wait group");
  first.request_stop();
  EXPECT_THROW(first.join(), std::system_error);
  wg.done();
  second.join();
}

// Its memory goes while the last done() is still returning (ASan's to see).
FIBER_TEST(wait_group, may_be_destroyed_by_a_waiter_as_soon_as_its_wait_returns) {
  for (int n = 0; n < 500; ++n) {
    auto wg = std::make_unique<weft::wait_group>();
    wg->add(2);
    weft::go([raw = wg.get()] { raw->done(); });
    weft::go([raw = wg.get()] { raw->done(); });
    if (n % 2 == 0) weft::this_fiber::yield();  // sometimes the wait parks, sometimes it finds zero
    wg->wait();
  }
}

TEST(wait_group, may_be_destroyed_by_a_thread_as_soon_as_its_wait_returns) {
  for (int n = 0; n < 500; ++n) {
    auto wg = std::make_unique<weft::wait_group>();
    wg->add(2);
    std::thread a([raw = wg.get()] { raw->done(); });
    std::thread b([raw = wg.get()] { raw->done(); });
    wg->wait();
    wg.reset();
    a.join();
    b.join();
  }
}

TEST(wait_group, is_not_touched_by_the_last_done_once_a_wait_has_returned) {
  // A store behind the last done's last access is met in nearly every round.
  weft::testing::expect_no_access_after_wait<weft::wait_group>(
      1000, [](weft::wait_group& wg) { wg.add(); }, [](weft::wait_group& wg) { wg.done(); },
      [](weft::wait_group& wg) { wg.wait(); });
}

// A waiter is cancelled at the very moment when the last is done, and the group goes at once.
FIBER_TEST(wait_group, its_destructor_waits_for_waiters_who_were_cancelled) {
  for (int n = 0; n < 300; ++n) {
    auto wg = std::make_unique<weft::wait_group>();
    wg->add();
    auto waiter = weft::spawn([raw = wg.get()] { raw->wait(); });
    if (n % 2 == 0) await_parked(1, "wait group");
    auto canceller = weft::spawn([&] { waiter.request_stop(); });
    wg->done();
    canceller.join();
    if (n % 2 == 1) {
      // It may not have begun to wait, and then must not meet a group that is gone.
      try {
        waiter.join();
      } catch (const std::system_error&) {
      }
      continue;
    }
    wg.reset();
    try {
      waiter.join();
    } catch (const std::system_error&) {
    }
  }
}

FIBER_TEST(wait_group, counts_fibers_and_threads_together) {
  constexpr int k_each = 1000;
  weft::wait_group wg;
  wg.add(6 * k_each);
  const auto work = [&] {
    for (int i = 0; i < k_each; ++i) wg.done();
  };
  for (int i = 0; i < 3; ++i) weft::go(work);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(work);
  auto other = weft::spawn([&] { wg.wait(); });
  std::thread plain([&] { wg.wait(); });
  wg.wait();
  other.join();
  plain.join();
  for (auto& each : threads) each.join();
}

}  // namespace
