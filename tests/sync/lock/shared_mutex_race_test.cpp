// The races around a shared_mutex: who is let in, who gives up, who destroys it.

#include <weft/sync/shared_mutex.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>
#include <support/fibers.hpp>

#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "last_access.hpp"
#include "lock_stress.hpp"

namespace {

using weft::testing::fibers;
using weft::testing::wait_until;

std::chrono::nanoseconds random_limit() { return std::chrono::nanoseconds(weft::detail::random_below(100'000)); }

// Two plain counts that a writer moves together: whoever reads sees both alike, and TSan would name a race.
struct two_counts {
  int first = 0;
  int second = 0;

  void write(bool pauses) {
    ++first;
    if (pauses) weft::this_fiber::yield();
    ++second;
  }
  void read(bool pauses) const {
    const int seen = first;
    if (pauses) weft::this_fiber::yield();
    EXPECT_EQ(seen, second);
  }
};

FIBER_TEST(shared_mutex_race, keeps_fibers_of_two_runtimes_and_threads_apart) {
  weft::shared_mutex m;
  two_counts counts;
  std::atomic<int> written{0};
  weft::testing::on_fibers_and_threads(4, [&](std::size_t i) {
    for (std::size_t n = 0; n < 300; ++n) {
      if ((n + i) % 4 != 0) {
        const std::shared_lock lock(m);
        counts.read(n % 16 == i);
      } else {
        const std::scoped_lock lock(m);
        counts.write(n % 32 == i);
        written.fetch_add(1, std::memory_order_relaxed);
      }
    }
  });
  EXPECT_EQ(counts.first, written.load());
  EXPECT_EQ(counts.second, written.load());
}

FIBER_TEST(shared_mutex_race, keeps_apart_those_who_give_up_now_and_then) {
  weft::shared_timed_mutex m;
  two_counts counts;
  std::atomic<int> written{0};
  weft::testing::on_fibers_and_threads(4, [&](std::size_t i) {
    for (std::size_t n = 0; n < 200; ++n) {
      if ((n + i) % 3 != 0) {
        if (!m.try_lock_shared_for(random_limit())) continue;
        counts.read(n % 8 == i);
        m.unlock_shared();
      } else {
        if (!m.try_lock_for(random_limit())) continue;
        counts.write(n % 16 == i);
        written.fetch_add(1, std::memory_order_relaxed);
        m.unlock();
      }
    }
  });
  EXPECT_EQ(counts.first, written.load());
  EXPECT_TRUE(m.try_lock()) << "nobody may have left anything behind";
  m.unlock();
}

// Unlocked about when the time of one of them runs out: all others get it. A lost one hangs the join.
FIBER_TEST(shared_mutex_race, is_never_lost_to_waiters_whose_time_runs_out) {
  for (int n = 0; n < 200; ++n) {
    weft::shared_timed_mutex m;
    const bool writes = n % 2 == 0;
    if (writes)
      m.lock();
    else
      m.lock_shared();
    fibers all;
    all.push_back(weft::spawn([&, limit = random_limit()] {
      if (m.try_lock_for(limit)) m.unlock();
    }));
    all.push_back(weft::spawn([&, limit = random_limit()] {
      if (m.try_lock_shared_for(limit)) m.unlock_shared();
    }));
    all.push_back(weft::spawn([&] { const std::shared_lock lock(m); }));
    all.push_back(weft::spawn([&] { const std::scoped_lock lock(m); }));
    const auto end = std::chrono::steady_clock::now() + random_limit();
    wait_until([&] { return std::chrono::steady_clock::now() >= end; });
    if (writes)
      m.unlock();
    else
      m.unlock_shared();
    for (auto& each : all) each.join();
    EXPECT_TRUE(m.try_lock());
    m.unlock();
  }
}

// --- Destruction: `locked` says that the releaser of the round has it.

template <class Hold>
void expect_no_access_after_lock(Hold hold) {
  std::atomic<int> locked{0};
  weft::testing::expect_no_access_after_wait<weft::shared_mutex>(
      5'000, [&](weft::shared_mutex&) { locked.store(0, std::memory_order_relaxed); },
      [&](weft::shared_mutex& m) { hold(m, locked); },
      [&](weft::shared_mutex& m) {
        while (locked.load(std::memory_order_acquire) == 0) std::this_thread::yield();
        m.lock();
        m.unlock();
      });
}

TEST(shared_mutex_race, is_not_touched_by_unlock_shared_once_a_writer_has_unlocked_it) {
  expect_no_access_after_lock([](weft::shared_mutex& m, std::atomic<int>& locked) {
    m.lock_shared();
    locked.store(1, std::memory_order_release);  // release: pairs with the acquire of the waiter
    m.unlock_shared();
  });
}

TEST(shared_mutex_race, is_not_touched_by_unlock_once_a_writer_has_unlocked_it) {
  expect_no_access_after_lock([](weft::shared_mutex& m, std::atomic<int>& locked) {
    m.lock();
    locked.store(1, std::memory_order_release);  // release: pairs with the acquire of the waiter
    m.unlock();
  });
}

// ASan's to see: the readers that let the last writer in are still on their way out.
FIBER_TEST(shared_mutex_race, may_be_destroyed_by_a_writer_that_the_last_reader_let_in) {
  for (int n = 0; n < 200; ++n) {
    auto m = std::make_unique<weft::shared_mutex>();
    std::atomic<int> reading{0};
    fibers readers;
    for (int i = 0; i < 3; ++i)
      readers.push_back(weft::spawn([&, raw = m.get()] {
        raw->lock_shared();
        ++reading;
        weft::this_fiber::yield();
        raw->unlock_shared();
      }));
    wait_until([&] { return reading == 3; });
    m->lock();
    m->unlock();
    m.reset();
    for (auto& each : readers) each.join();
  }
}

}  // namespace
