// What shared_mutex.hpp promises. Races: shared_mutex_race_test.cpp.

#include <weft/sync/shared_mutex.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>
#include <support/fibers.hpp>
#include <support/manual_clock.hpp>

#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::await_parked;
using weft::testing::fibers;
using weft::testing::wait_until;

constinit weft::shared_mutex global_shared_mutex;
constinit weft::shared_timed_mutex global_shared_timed_mutex;
static_assert(sizeof(weft::shared_mutex) == 72 && sizeof(weft::shared_timed_mutex) == 72);
static_assert(std::is_trivially_destructible_v<weft::shared_timed_mutex>);
static_assert(!std::is_copy_constructible_v<weft::shared_mutex> && !std::is_copy_assignable_v<weft::shared_mutex>);

FIBER_TEST(shared_mutex, many_read_at_once) {
  constexpr int k_readers = 8;
  std::atomic<int> inside{0};
  fibers all;
  for (int i = 0; i < k_readers; ++i)
    all.push_back(weft::spawn([&] {
      const std::shared_lock lock(global_shared_mutex);
      ++inside;
      wait_until([&] { return inside == k_readers; });
    }));
  for (auto& each : all) each.join();
  EXPECT_TRUE(global_shared_mutex.try_lock());
  global_shared_mutex.unlock();
}

FIBER_TEST(shared_mutex, a_writer_is_alone) {
  weft::shared_mutex m;
  m.lock();
  weft::spawn([&] {
    EXPECT_FALSE(m.try_lock());
    EXPECT_FALSE(m.try_lock_shared());
  }).join();
  m.unlock();
  m.lock_shared();
  weft::spawn([&] {
    EXPECT_FALSE(m.try_lock());
    EXPECT_TRUE(m.try_lock_shared());
    m.unlock_shared();
  }).join();
  m.unlock_shared();
}

FIBER_TEST(shared_mutex, a_writer_that_waits_holds_back_those_who_come_to_read) {
  weft::shared_mutex m;
  m.lock_shared();
  bool written = false;
  auto writer = weft::spawn([&] {
    const std::scoped_lock lock(m);
    written = true;
  });
  await_parked(1, "shared mutex");
  EXPECT_FALSE(m.try_lock_shared());
  auto reader = weft::spawn([&] {
    const std::shared_lock lock(m);
    EXPECT_TRUE(written);
  });
  await_parked(2, "shared mutex");
  m.unlock_shared();
  writer.join();
  reader.join();
}

FIBER_TEST(shared_mutex, a_writer_lets_all_in_who_wait_to_read_before_the_next_writer) {
  weft::shared_mutex m;
  std::atomic<int> inside{0};
  std::atomic<bool> may_leave{false}, next_was_in{false};
  m.lock();
  auto next = weft::spawn([&] {
    const std::scoped_lock lock(m);
    next_was_in = true;
  });
  await_parked(1, "shared mutex");
  fibers readers;
  for (int i = 0; i < 4; ++i)
    readers.push_back(weft::spawn([&] {
      const std::shared_lock lock(m);
      ++inside;
      wait_until([&] { return may_leave.load(); });
      EXPECT_FALSE(next_was_in);
    }));
  await_parked(5, "shared mutex");
  m.unlock();
  wait_until([&] { return inside == 4; });
  EXPECT_FALSE(next_was_in);
  may_leave = true;
  for (auto& each : readers) each.join();
  next.join();
}

// Each of them begins to read before another has ended: without the door a writer would never find nobody reading.
FIBER_TEST(shared_mutex, readers_without_end_do_not_starve_a_writer) {
  weft::shared_mutex m;
  std::atomic<bool> written{false};
  std::atomic<int> begun{0};
  fibers readers;
  for (int i = 0; i < 4; ++i)
    readers.push_back(weft::spawn([&] {
      while (!written) {
        const std::shared_lock lock(m);
        const int mine = ++begun;
        for (int n = 0; n < 20 && begun == mine; ++n) weft::this_fiber::yield();
      }
    }));
  wait_until([&] { return begun > 20; });
  for (int n = 0; n < 10; ++n) const std::scoped_lock lock(m);
  written = true;
  for (auto& each : readers) each.join();
}

FIBER_TEST(shared_mutex, writers_without_end_do_not_starve_a_reader) {
  weft::shared_mutex m;
  std::atomic<bool> has_read{false};
  std::atomic<int> begun{0};
  fibers writers;
  for (int i = 0; i < 4; ++i)
    writers.push_back(weft::spawn([&] {
      while (!has_read) {
        const std::scoped_lock lock(m);
        ++begun;
        weft::this_fiber::yield();
      }
    }));
  wait_until([&] { return begun > 20; });
  for (int n = 0; n < 10; ++n) const std::shared_lock lock(m);
  has_read = true;
  for (auto& each : writers) each.join();
}

FIBER_TEST(shared_mutex, locking_is_no_cancellation_point_in_either_way) {
  weft::shared_mutex m;
  m.lock();
  std::atomic<int> had_it{0};
  auto reader = weft::spawn([&] {
    m.lock_shared();
    ++had_it;
    m.unlock_shared();
    weft::this_fiber::yield();
  });
  auto writer = weft::spawn([&] {
    m.lock();
    ++had_it;
    m.unlock();
    weft::this_fiber::yield();
  });
  await_parked(2, "shared mutex");
  reader.request_stop();
  writer.request_stop();
  m.unlock();
  EXPECT_THROW(reader.join(), std::system_error);
  EXPECT_THROW(writer.join(), std::system_error);
  EXPECT_EQ(had_it, 2);
  m.lock_shared();
  auto waits_for_readers = weft::spawn([&] {
    m.lock();
    ++had_it;
    m.unlock();
    weft::this_fiber::yield();
  });
  await_parked(1, "shared mutex");
  waits_for_readers.request_stop();
  m.unlock_shared();
  EXPECT_THROW(waits_for_readers.join(), std::system_error);
  EXPECT_EQ(had_it, 3);
}

FIBER_TEST(shared_mutex, waits_end_when_their_time_runs_out) {
  auto& m = global_shared_timed_mutex;
  m.lock();
  weft::spawn([&] {
    EXPECT_FALSE(m.try_lock_for(1ms));
    EXPECT_FALSE(m.try_lock_until(std::chrono::system_clock::now() + 1ms));
    EXPECT_FALSE(m.try_lock_shared_for(1ms));
    EXPECT_FALSE(m.try_lock_shared_for(-1ms));
    EXPECT_FALSE(m.try_lock_shared_until(std::chrono::steady_clock::now() + 1ms));
    EXPECT_FALSE(std::shared_lock(m, 1us).owns_lock());
  }).join();
  std::thread([&] {
    EXPECT_FALSE(m.try_lock_for(1ms));
    EXPECT_FALSE(m.try_lock_shared_for(1ms));
  }).join();
  m.unlock();
  m.lock_shared();
  weft::spawn([&] {
    EXPECT_FALSE(m.try_lock_for(1ms));
    EXPECT_FALSE(m.try_lock_for(-1ms));
    EXPECT_TRUE(m.try_lock_shared_for(-1ms)) << "the writer that gave up opened the door again";
    m.unlock_shared();
  }).join();
  std::thread([&] { EXPECT_FALSE(m.try_lock_for(1ms)); }).join();
  m.unlock_shared();
  EXPECT_TRUE(m.try_lock_for(-1ms));
  m.unlock();
}

TEST(shared_mutex, a_writer_that_gives_up_lets_in_those_who_waited_behind_it) {
  weft::testing::manual_clock clock;
  weft::runtime rt({.workers = 2}, &clock);
  rt.run([&] {
    weft::shared_timed_mutex m;
    m.lock_shared();
    auto writer = weft::spawn([&] { return m.try_lock_for(1ms); });
    await_parked(1, "shared mutex");
    auto patient = weft::spawn([&] { return m.try_lock_shared_for(1h); });
    await_parked(2, "shared mutex");
    auto hasty = weft::spawn([&] { return m.try_lock_shared_for(1us); });
    await_parked(3, "shared mutex");
    clock.advance(10us, rt);
    EXPECT_FALSE(hasty.join());
    clock.advance(1ms, rt);
    EXPECT_FALSE(writer.join());
    EXPECT_TRUE(patient.join());
    m.unlock_shared();
    m.unlock_shared();
    EXPECT_TRUE(m.try_lock());
    m.unlock();
  });
}

FIBER_TEST(shared_mutex, two_are_locked_together_by_scoped_lock) {
  weft::shared_mutex a, b;
  int guarded = 0;
  fibers all;
  for (int i = 0; i < 8; ++i)
    all.push_back(weft::spawn([&, i] {
      for (int n = 0; n < 50; ++n) {
        const std::scoped_lock lock(i % 2 == 0 ? a : b, i % 2 == 0 ? b : a);
        ++guarded;
        if (n % 10 == 0) weft::this_fiber::yield();
      }
    }));
  for (auto& each : all) each.join();
  EXPECT_EQ(guarded, 400);
}

// --- Misuse.

TEST(shared_mutex_death, unlocking_a_free_one_ends_the_process) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        weft::shared_mutex m;
        m.unlock();
      },
      "shared_mutex: unlocked while nobody holds it to write");
  EXPECT_DEATH(
      {
        weft::shared_mutex m;
        m.unlock_shared();
      },
      "shared_mutex: unlock_shared\\(\\) while nobody reads");
}

#ifdef WEFT_TRACKS_OWNERS
TEST(shared_mutex_death, unlocking_what_another_thread_writes_ends_the_process) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        weft::shared_mutex m;
        weft::shared_mutex mine;
        mine.lock();  // a thread is known by its waiter: it has one before the other thread's is free again
        std::thread([&] { m.lock(); }).join();
        m.unlock();
      },
      "does not hold it");
}

FIBER_TEST(shared_mutex, locking_it_twice_to_write_throws) {
  weft::shared_mutex m;
  const std::scoped_lock lock(m);
  EXPECT_THROW(m.lock(), std::system_error);
}
#endif

}  // namespace
