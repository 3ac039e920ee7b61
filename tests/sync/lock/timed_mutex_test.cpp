// What timed_mutex.hpp promises, and the races around a wait that gives up.

#include <weft/sync/timed_mutex.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>
#include <support/manual_clock.hpp>

#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"
#include "last_access.hpp"
#include "lock_stress.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::await_parked;

constinit weft::timed_mutex global_timed_mutex;
static_assert(sizeof(weft::timed_mutex) == sizeof(weft::mutex));
static_assert(std::is_trivially_destructible_v<weft::timed_mutex>);
static_assert(!std::is_copy_constructible_v<weft::timed_mutex> && !std::is_copy_assignable_v<weft::timed_mutex>);
static_assert(!std::is_convertible_v<weft::timed_mutex*, weft::mutex*>, "not a condition_variable's mutex");

std::chrono::nanoseconds random_time_limit() { return std::chrono::nanoseconds(weft::detail::random_below(100'000)); }

FIBER_TEST(timed_mutex, is_taken_at_once_while_it_is_free) {
  EXPECT_TRUE(global_timed_mutex.try_lock_for(1h));
  EXPECT_FALSE(weft::spawn([] { return global_timed_mutex.try_lock(); }).join());
  global_timed_mutex.unlock();
  EXPECT_TRUE(global_timed_mutex.try_lock_until(std::chrono::steady_clock::now() - 1h)) << "as a try_lock()";
  global_timed_mutex.unlock();
  EXPECT_TRUE(global_timed_mutex.try_lock_until(std::chrono::system_clock::now() - 1h));
  global_timed_mutex.unlock();
  const std::unique_lock lock(global_timed_mutex, -1s);
  EXPECT_TRUE(lock.owns_lock());
}

FIBER_TEST(timed_mutex, a_wait_ends_when_its_time_runs_out) {
  weft::timed_mutex m;
  const std::scoped_lock held(m);
  weft::spawn([&] {
    EXPECT_FALSE(m.try_lock_for(1ms));
    EXPECT_FALSE(m.try_lock_for(-1ms));
    EXPECT_FALSE(m.try_lock_until(std::chrono::steady_clock::now() + 1ms));
    EXPECT_FALSE(m.try_lock_until(std::chrono::system_clock::now() + 1ms));
    EXPECT_FALSE(std::unique_lock(m, 1us).owns_lock());
  }).join();
  std::thread([&] { EXPECT_FALSE(m.try_lock_for(1ms)); }).join();
}

FIBER_TEST(timed_mutex, a_wait_with_a_limit_gets_it_in_time) {
  weft::timed_mutex m;
  m.lock();
  auto waiter = weft::spawn([&] {
    const std::unique_lock lock(m, 24h);
    return lock.owns_lock();
  });
  await_parked(1, "mutex");
  m.unlock();
  EXPECT_TRUE(waiter.join());
  EXPECT_TRUE(m.try_lock());
  m.unlock();
}

FIBER_TEST(timed_mutex, a_wait_is_not_a_cancellation_point) {
  weft::timed_mutex m;
  m.lock();
  bool had_it = false;
  auto waiter = weft::spawn([&] {
    had_it = m.try_lock_for(24h);
    m.unlock();
    weft::this_fiber::yield();
  });
  await_parked(1, "mutex");
  waiter.request_stop();
  m.unlock();
  EXPECT_THROW(waiter.join(), std::system_error);
  EXPECT_TRUE(had_it);
}

TEST(timed_mutex, those_behind_one_whose_time_runs_out_get_it) {
  weft::testing::manual_clock clock;
  weft::runtime rt({.workers = 1}, &clock);
  rt.run([&] {
    weft::timed_mutex m;
    m.lock();
    auto hasty = weft::spawn([&] { return m.try_lock_for(5ms); });
    await_parked(1, "mutex");
    auto patient = weft::spawn([&] { const std::scoped_lock lock(m); });
    await_parked(2, "mutex");
    clock.advance(6ms, rt);
    EXPECT_FALSE(hasty.join());
    m.unlock();
    patient.join();
  });
}

// Outrun after 1 ms it would be handed the mutex by the next unlock; its time runs out before that.
TEST(timed_mutex, one_that_was_to_be_handed_it_and_gave_up_leaves_it_to_the_next) {
  weft::testing::manual_clock clock;
  weft::runtime rt({.workers = 1}, &clock);
  rt.run([&] {
    weft::timed_mutex m;
    m.lock();
    auto hasty = weft::spawn([&] { return m.try_lock_for(5ms); });
    await_parked(1, "mutex");
    auto patient = weft::spawn([&] { const std::scoped_lock lock(m); });
    await_parked(2, "mutex");
    clock.advance(2ms, rt);
    m.unlock();
    ASSERT_TRUE(m.try_lock()) << "the first is outrun";
    await_parked(2, "mutex");
    clock.advance(6ms, rt);
    EXPECT_FALSE(hasty.join());
    m.unlock();
    patient.join();
    EXPECT_TRUE(m.try_lock());
    m.unlock();
  });
}

// Unlocked about when the time of the first runs out: it has the mutex, or it said that it has not and the second gets
// it. A lost one hangs the join.
FIBER_TEST(timed_mutex, is_never_lost_to_a_waiter_whose_time_runs_out) {
  for (int n = 0; n < 300; ++n) {
    weft::timed_mutex m;
    m.lock();
    auto hasty = weft::spawn([&, limit = random_time_limit()] {
      if (m.try_lock_for(limit)) m.unlock();
    });
    auto patient = weft::spawn([&] { const std::scoped_lock lock(m); });
    const auto end = std::chrono::steady_clock::now() + random_time_limit();
    weft::testing::wait_until([&] { return std::chrono::steady_clock::now() >= end; });
    m.unlock();
    hasty.join();
    patient.join();
    EXPECT_TRUE(m.try_lock());
    m.unlock();
  }
}

FIBER_TEST(timed_mutex, lets_one_in_at_a_time_of_fibers_of_two_runtimes_and_threads_that_give_up_now_and_then) {
  weft::timed_mutex m;
  int guarded = 0;  // plain: a race would lose counts, and TSan would name it
  std::atomic<int> taken{0};
  weft::testing::on_fibers_and_threads(4, [&](std::size_t i) {
    for (std::size_t n = 0; n < 300; ++n) {
      if ((n + i) % 3 == 0)
        m.lock();
      else if (!m.try_lock_for(random_time_limit()))
        continue;
      ++guarded;
      taken.fetch_add(1, std::memory_order_relaxed);
      if (n % 16 == i) weft::this_fiber::yield();
      m.unlock();
    }
  });
  EXPECT_EQ(guarded, taken.load());
}

FIBER_TEST(timed_mutex, two_of_a_kind_or_of_two_kinds_are_locked_together) {
  weft::timed_mutex a;
  weft::mutex b;
  int guarded = 0;
  std::vector<weft::join_handle<void>> all;
  for (int i = 0; i < 8; ++i)
    all.push_back(weft::spawn([&, i] {
      for (int n = 0; n < 50; ++n) {
        std::unique_lock first(a, std::defer_lock);
        std::unique_lock second(b, std::defer_lock);
        if (i % 2 == 0)
          std::lock(first, second);
        else
          std::lock(second, first);
        ++guarded;
        if (n % 10 == 0) weft::this_fiber::yield();
      }
    }));
  for (auto& each : all) each.join();
  EXPECT_EQ(guarded, 400);
}

TEST(timed_mutex, is_not_touched_by_an_unlock_once_another_has_waited_for_it_and_unlocked_it) {
  std::atomic<int> locked{0};  // whether the releaser of this round holds it
  weft::testing::expect_no_access_after_wait<weft::timed_mutex>(
      5'000, [&](weft::timed_mutex&) { locked.store(0, std::memory_order_relaxed); },
      [&](weft::timed_mutex& m) {
        m.lock();
        // release: pairs with the acquire of the waiter below.
        locked.store(1, std::memory_order_release);
        m.unlock();
      },
      [&](weft::timed_mutex& m) {
        while (locked.load(std::memory_order_acquire) == 0) std::this_thread::yield();
        while (!m.try_lock_for(5us)) {
        }
        m.unlock();
      });
}

#ifdef WEFT_TRACKS_OWNERS
FIBER_TEST(timed_mutex, waiting_for_it_by_its_owner_throws) {
  weft::timed_mutex m;
  const std::scoped_lock lock(m);
  EXPECT_THROW(static_cast<void>(m.try_lock_for(1h)), std::system_error);
  EXPECT_THROW(m.lock(), std::system_error);
}
#endif

}  // namespace
