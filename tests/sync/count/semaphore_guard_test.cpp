// Room: tests of sync. Many permits at once, and guards that release them: semaphore.hpp and semaphore_guard.hpp.

#include <weft/sync/semaphore_guard.hpp>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/simulate.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::await_parked;
using permits = weft::counting_semaphore<100>;

bool has_exactly(permits& from, std::ptrdiff_t n) {
  if (!from.try_acquire(n)) return false;
  const bool has_more = from.try_acquire();
  from.release(has_more ? n + 1 : n);
  return !has_more;
}

FIBER_TEST(many_permits, are_had_all_at_once_and_not_before) {
  permits all(3);
  auto big = weft::spawn([&] { all.acquire(5); });
  await_parked(1, "semaphore");
  EXPECT_FALSE(all.try_acquire()) << "what is there waits with who was first";
  all.release();
  await_parked(1, "semaphore");
  all.release(3);
  big.join();
  EXPECT_TRUE(has_exactly(all, 2));
}

FIBER_TEST(many_permits, are_not_starved_by_those_who_need_few) {
  permits all(4);
  std::atomic<bool> is_over{false};
  std::vector<weft::join_handle<void>> few;
  for (int i = 0; i < 4; ++i)
    few.push_back(weft::spawn([&] {
      while (!is_over) {
        const weft::semaphore_guard one(all);
        weft::this_fiber::yield();
      }
    }));
  for (int i = 0; i < 20; ++i) const weft::semaphore_guard whole(all, 4);
  is_over = true;
  for (auto& each : few) each.join();
  EXPECT_TRUE(has_exactly(all, 4));
}

FIBER_TEST(many_permits, of_one_who_gives_up_go_to_those_behind) {
  permits all(2);
  auto big = weft::spawn([&] { all.acquire(3); });
  await_parked(1, "semaphore");
  auto small = weft::spawn([&] { all.acquire(2); });
  await_parked(2, "semaphore");
  big.request_stop();
  small.join();
  EXPECT_THROW(big.join(), std::system_error);
  all.release(2);
  EXPECT_FALSE(all.try_acquire_for(1us, 3));
  EXPECT_TRUE(has_exactly(all, 2)) << "and are there again if nobody is";
}

FIBER_TEST(many_permits, that_can_never_be_had_are_refused) {
  permits all(2);
  EXPECT_THROW(all.acquire(101), std::logic_error);
  EXPECT_THROW((void)all.try_acquire(101), std::logic_error);
  EXPECT_THROW((void)all.try_acquire_for(1s, -1), std::logic_error);
  EXPECT_FALSE(weft::counting_semaphore<0>(0).try_acquire_for(1us)) << "as std has it";
  EXPECT_TRUE(all.try_acquire(0));
  auto big = weft::spawn([&] { all.acquire(100); });
  await_parked(1, "semaphore");
  EXPECT_THROW(all.release(99), std::logic_error) << "2 are there, beside who waits";
  all.release(98);
  big.join();
  EXPECT_TRUE(has_exactly(all, 0));
}

// All orders of needing, leaving and giving back: every permit is there again.
TEST(many_permits_simulated, none_is_lost) {
  weft::simulate_many(200, [] {
    permits all(4);
    std::vector<weft::join_handle<void>> each;
    for (int i = 1; i <= 4; ++i)
      each.push_back(weft::spawn([&all, i] {
        for (int round = 0; round < 3; ++round) {
          const weft::semaphore_guard held(all, round == 1 ? 1us : 1h, i);
          if (held) weft::this_fiber::sleep_for(2us);
        }
      }));
    each.erase(each.begin());  // cancels and joins
    for (auto& one : each) one.join();
    if (!has_exactly(all, 4)) throw std::runtime_error("a permit was lost, or made");
  });
}

FIBER_TEST(semaphore_guard, releases_what_it_acquired) {
  permits all(3);
  {
    const weft::semaphore_guard two(all, 2);
    EXPECT_EQ(two.permits(), 2);
    EXPECT_TRUE(has_exactly(all, 1));
    weft::semaphore_guard none(all, std::try_to_lock, 2);
    EXPECT_FALSE(none);
    EXPECT_FALSE((weft::semaphore_guard(all, 1us, 2)));
    EXPECT_FALSE((weft::semaphore_guard(all, std::chrono::steady_clock::now(), 2)));
    EXPECT_TRUE((weft::semaphore_guard(all, std::try_to_lock)));
  }
  all.acquire();
  { const weft::semaphore_guard taken_over(all, std::adopt_lock); }
  EXPECT_TRUE(has_exactly(all, 3));
}

FIBER_TEST(semaphore_guard, goes_where_it_is_moved_to) {
  permits all(2);
  weft::semaphore_guard here(all);
  auto there = weft::spawn([held = std::move(here)]() mutable { held.release(); });
  EXPECT_FALSE(here);
  there.join();
  weft::semaphore_guard<permits> empty;
  empty = weft::semaphore_guard(all, 2);
  EXPECT_TRUE(has_exactly(all, 0));
  empty = {};
  empty.release();
  EXPECT_TRUE(has_exactly(all, 2));
}

}  // namespace
