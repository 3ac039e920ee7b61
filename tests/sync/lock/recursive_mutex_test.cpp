// What recursive_mutex.hpp promises.

#include <weft/sync/recursive_mutex.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <type_traits>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"
#include "last_access.hpp"
#include "lock_stress.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::await_parked;

constinit weft::recursive_mutex global_recursive_mutex;
constinit weft::recursive_timed_mutex global_recursive_timed_mutex;
static_assert(sizeof(weft::recursive_mutex) == 48 && sizeof(weft::recursive_timed_mutex) == 48);
static_assert(std::is_trivially_destructible_v<weft::recursive_timed_mutex>);
static_assert(!std::is_copy_constructible_v<weft::recursive_mutex> &&
              !std::is_copy_assignable_v<weft::recursive_mutex>);

FIBER_TEST(recursive_mutex, is_free_after_as_many_unlocks_as_locks) {
  const auto is_free = [] {
    return weft::spawn([] {
             const std::unique_lock lock(global_recursive_mutex, std::try_to_lock);
             return lock.owns_lock();
           })
        .join();
  };
  global_recursive_mutex.lock();
  EXPECT_TRUE(global_recursive_mutex.try_lock());
  global_recursive_mutex.lock();
  for (int levels = 3; levels > 0; --levels) {
    EXPECT_FALSE(is_free()) << levels;
    global_recursive_mutex.unlock();
  }
  EXPECT_TRUE(is_free());
}

FIBER_TEST(recursive_mutex, belongs_to_the_fiber_and_not_to_its_worker) {
  weft::recursive_mutex m;
  auto holder = weft::spawn([&] {
    for (int n = 0; n < 50; ++n) {
      const std::scoped_lock outer(m);
      weft::this_fiber::yield();  // it may go on elsewhere; others run here
      const std::scoped_lock inner(m);
      weft::this_fiber::yield();
    }
  });
  for (int n = 0; n < 50; ++n) {
    if (m.try_lock()) m.unlock();
    weft::this_fiber::yield();
  }
  holder.join();
}

FIBER_TEST(recursive_mutex, a_thread_and_a_fiber_wait_for_each_other) {
  weft::recursive_mutex m;
  m.lock();
  std::thread thread([&] { const std::scoped_lock outer(m), inner(m); });
  auto fiber = weft::spawn([&] { const std::scoped_lock outer(m), inner(m); });
  await_parked(1, "recursive mutex");
  m.unlock();
  fiber.join();
  thread.join();
}

FIBER_TEST(recursive_mutex, lets_one_in_at_a_time_of_fibers_of_two_runtimes_and_threads) {
  weft::recursive_mutex m;
  int guarded = 0;  // plain: a race would lose counts, and TSan would name it
  weft::testing::on_fibers_and_threads(4, [&](std::size_t i) {
    for (std::size_t n = 0; n < 300; ++n) {
      const std::scoped_lock outer(m);
      if (n % 16 == i) weft::this_fiber::yield();
      const std::scoped_lock inner(m);
      ++guarded;
    }
  });
  EXPECT_EQ(guarded, 12 * 300);
}

FIBER_TEST(recursive_mutex, waiting_is_not_a_cancellation_point) {
  weft::recursive_mutex m;
  m.lock();
  bool had_it = false;
  auto waiter = weft::spawn([&] {
    m.lock();
    had_it = true;
    m.unlock();
    weft::this_fiber::yield();
  });
  await_parked(1, "recursive mutex");
  waiter.request_stop();
  m.unlock();
  EXPECT_THROW(waiter.join(), std::system_error);
  EXPECT_TRUE(had_it);
}

FIBER_TEST(recursive_mutex, a_timed_one_gives_up_when_its_time_runs_out_and_never_for_its_owner) {
  const std::scoped_lock held(global_recursive_timed_mutex);
  weft::spawn([] {
    EXPECT_FALSE(global_recursive_timed_mutex.try_lock_for(1ms));
    EXPECT_FALSE(global_recursive_timed_mutex.try_lock_until(std::chrono::system_clock::now() + 1ms));
    EXPECT_FALSE(global_recursive_timed_mutex.try_lock());
  }).join();
  std::thread([] { EXPECT_FALSE(global_recursive_timed_mutex.try_lock_for(1ms)); }).join();
  EXPECT_TRUE(global_recursive_timed_mutex.try_lock_for(-1s));
  EXPECT_TRUE(global_recursive_timed_mutex.try_lock_until(std::chrono::steady_clock::now() - 1h));
  global_recursive_timed_mutex.unlock();
  global_recursive_timed_mutex.unlock();
}

FIBER_TEST(recursive_mutex, a_timed_one_lets_one_in_at_a_time_of_those_who_give_up_now_and_then) {
  weft::recursive_timed_mutex m;
  int guarded = 0;
  std::atomic<int> taken{0};
  weft::testing::on_fibers_and_threads(3, [&](std::size_t i) {
    for (std::size_t n = 0; n < 200; ++n) {
      if (!m.try_lock_for(std::chrono::nanoseconds(weft::detail::random_below(100'000)))) continue;
      const std::unique_lock inner(m, 1h);
      ++guarded;
      taken.fetch_add(1, std::memory_order_relaxed);
      if (n % 16 == i) weft::this_fiber::yield();
      m.unlock();
    }
  });
  EXPECT_EQ(guarded, taken.load());
}

TEST(recursive_mutex, a_level_too_many_is_refused) {
  weft::recursive_timed_mutex m;
  for (std::uint32_t n = 0; n < weft::recursive_mutex::k_most_levels; ++n) m.lock();
  EXPECT_FALSE(m.try_lock());
  EXPECT_FALSE(m.try_lock_for(1h));
  try {
    m.lock();
    ADD_FAILURE() << "no exception";
  } catch (const std::system_error& refused) {
    EXPECT_EQ(refused.code(), std::errc::resource_unavailable_try_again);
  }
  for (std::uint32_t n = 0; n < weft::recursive_mutex::k_most_levels; ++n) m.unlock();
  std::thread([&] {
    EXPECT_TRUE(m.try_lock());
    m.unlock();
  }).join();
}

TEST(recursive_mutex, is_not_touched_by_an_unlock_once_another_has_locked_and_unlocked_it) {
  std::atomic<int> locked{0};  // whether the releaser of this round holds it
  weft::testing::expect_no_access_after_wait<weft::recursive_mutex>(
      5'000, [&](weft::recursive_mutex&) { locked.store(0, std::memory_order_relaxed); },
      [&](weft::recursive_mutex& m) {
        m.lock();
        // release: pairs with the acquire of the waiter below.
        locked.store(1, std::memory_order_release);
        m.unlock();
      },
      [&](weft::recursive_mutex& m) {
        while (locked.load(std::memory_order_acquire) == 0) std::this_thread::yield();
        m.lock();
        m.unlock();
      });
}

TEST(recursive_mutex_death, unlocking_a_free_one_ends_the_process) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        weft::recursive_mutex m;
        m.unlock();
      },
      "recursive_mutex: unlocked while nobody holds it");
}

#ifdef WEFT_TRACKS_OWNERS
TEST(recursive_mutex_death, unlocking_what_another_thread_holds_ends_the_process) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        weft::recursive_mutex m;
        weft::recursive_mutex mine;
        mine.lock();  // a thread is known by its waiter: it has one before the other thread's is free again
        std::thread([&] { m.lock(); }).join();
        m.unlock();
      },
      "recursive_mutex: unlocked by a fiber or thread that does not hold it");
}
#endif

}  // namespace
