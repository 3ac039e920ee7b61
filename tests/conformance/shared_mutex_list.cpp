// What [thread.sharedmutex.requirements], [thread.sharedtimedmutex.requirements] and [thread.lock.shared] say of
// mutexes that many may hold to read, and of the lock that holds them so.

#include <atomic>
#include <chrono>
#include <shared_mutex>
#include <system_error>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include <conformance/conformance_list.hpp>
#include <conformance/crew.hpp>
#include <conformance/requirements.hpp>
#include <conformance/thrown.hpp>

namespace weft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// clang-format off
template <class World> using shared_mutex_of = typename World::shared_mutex;
template <class World> using shared_timed_mutex_of = typename World::shared_timed_mutex;
// clang-format on

CONFORMANCE_LIST(shared_mutex_list, shared_mutex_of, shared_timed_mutex_of);

template <class World, class Mutex>
bool can_be_read_elsewhere(Mutex& m) {
  return elsewhere<World>([&] {
    if (!m.try_lock_shared()) return false;
    m.unlock_shared();
    return true;
  });
}

template <class World, class Mutex>
bool can_be_written_elsewhere(Mutex& m) {
  return elsewhere<World>([&] {
    if (!m.try_lock()) return false;
    m.unlock();
    return true;
  });
}

// --- the mutex

CONFORMS(shared_mutex_list, has_the_types_that_are_required) {
  static_assert(shared_lockable<typename World::subject>);
}

CONFORMS(shared_mutex_list, lets_readers_in_together) {
  typename World::subject m;
  std::atomic<int> reading{0};
  on_threads<World>(3, [&](int) {
    m.lock_shared();
    ++reading;
    wait_until([&] { return reading == 3; });
    m.unlock_shared();
  });
  EXPECT_EQ(reading, 3);
}

CONFORMS(shared_mutex_list, a_writer_keeps_everybody_out) {
  typename World::subject m;
  m.lock();
  EXPECT_FALSE(can_be_read_elsewhere<World>(m));
  EXPECT_FALSE(can_be_written_elsewhere<World>(m));
  m.unlock();
  wait_until([&] { return can_be_read_elsewhere<World>(m); });
  wait_until([&] { return can_be_written_elsewhere<World>(m); });
}

CONFORMS(shared_mutex_list, a_reader_keeps_writers_out_until_the_last_has_left) {
  typename World::subject m;
  m.lock_shared();
  std::atomic<bool> reads{false}, may_leave{false};
  typename World::thread other([&] {
    m.lock_shared();
    reads = true;
    wait_until([&] { return may_leave.load(); });
    m.unlock_shared();
  });
  wait_until([&] { return reads.load(); });
  EXPECT_FALSE(can_be_written_elsewhere<World>(m));
  m.unlock_shared();
  EXPECT_FALSE(can_be_written_elsewhere<World>(m));
  may_leave = true;
  other.join();
  wait_until([&] { return can_be_written_elsewhere<World>(m); });
}

CONFORMS(shared_mutex_list, writers_change_what_readers_see_whole) {
  typename World::subject m;
  int left = 0, right = 0;
  std::atomic<int> torn{0};
  on_threads<World>(4, [&](int i) {
    for (int round = 0; round < 100; ++round) {
      if (i < 2) {
        const std::unique_lock writing(m);
        ++left;
        if (round % 16 == 0) World::yield();
        ++right;
      } else {
        const std::shared_lock reading(m);
        if (left != right) ++torn;
      }
    }
  });
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(left, 200);
}

// --- with limits

CONFORMANCE_LIST(shared_timed_mutex_list, shared_timed_mutex_of);

CONFORMS(shared_timed_mutex_list, has_the_types_that_are_required) {
  static_assert(shared_timed_lockable<typename World::subject>);
}

CONFORMS(shared_timed_mutex_list, a_reader_gives_up_no_sooner_than_its_limit) {
  typename World::subject m;
  m.lock();
  on_threads<World>(1, [&](int) {
    EXPECT_FALSE(m.try_lock_shared_for(milliseconds(0)));
    EXPECT_FALSE(m.try_lock_shared_for(milliseconds(-1)));
    EXPECT_FALSE(m.try_lock_shared_until(steady_clock::time_point()));
    EXPECT_FALSE(m.try_lock_shared_until(std::chrono::system_clock::now()));
    EXPECT_FALSE(m.try_lock_shared_until(foreign_clock::now()));
    const auto until = steady_clock::now() + milliseconds(2);
    EXPECT_FALSE(m.try_lock_shared_until(until));
    EXPECT_GE(steady_clock::now(), until);
    const auto later = steady_clock::now() + milliseconds(2);
    EXPECT_FALSE(m.try_lock_shared_for(milliseconds(2)));
    EXPECT_GE(steady_clock::now(), later);
  });
  m.unlock();
}

CONFORMS(shared_timed_mutex_list, a_writer_whose_time_runs_out_leaves_it_as_it_was) {
  typename World::subject m;
  m.lock_shared();
  on_threads<World>(1, [&](int) {
    EXPECT_FALSE(m.try_lock_for(milliseconds(1)));
    wait_until([&] { return m.try_lock_shared(); });
    m.unlock_shared();
  });
  m.unlock_shared();
  wait_until([&] { return can_be_written_elsewhere<World>(m); });
}

CONFORMS(shared_timed_mutex_list, a_reader_gets_in_once_the_writer_leaves_within_the_limit) {
  typename World::subject m;
  std::atomic<int> waiting{0}, had{0};
  m.lock();
  typename World::thread readers([&] {
    on_threads<World>(2, [&](int i) {
      ++waiting;
      if (i == 0 ? !m.try_lock_shared_for(std::chrono::hours(1))
                 : !m.try_lock_shared_until(steady_clock::now() + std::chrono::hours(1)))
        return;
      ++had;
      m.unlock_shared();
    });
  });
  wait_until([&] { return waiting == 2; });
  for (int i = 0; i < 10; ++i) World::yield();
  EXPECT_EQ(had, 0);
  m.unlock();
  readers.join();
  EXPECT_EQ(had, 2);
}

// --- shared_lock on it

CONFORMS(shared_mutex_list, shared_lock_holds_it_as_a_reader) {
  using mutex = typename World::subject;
  using lock = std::shared_lock<mutex>;
  static_assert(std::is_same_v<typename lock::mutex_type, mutex>);
  static_assert(k_moves_alone<lock>);
  mutex m;
  {
    const lock held(m);
    EXPECT_TRUE(held.owns_lock());
    EXPECT_EQ(held.mutex(), &m);
    EXPECT_TRUE(can_be_read_elsewhere<World>(m));
    EXPECT_FALSE(can_be_written_elsewhere<World>(m));
  }
  wait_until([&] { return can_be_written_elsewhere<World>(m); });
}

CONFORMS(shared_mutex_list, shared_lock_defers_tries_and_adopts) {
  using lock = std::shared_lock<typename World::subject>;
  typename World::subject m;
  lock later(m, std::defer_lock);
  EXPECT_FALSE(later);
  later.lock();
  EXPECT_TRUE(later);
  lock tried(m, std::try_to_lock);
  EXPECT_TRUE(tried);
  tried.unlock();
  later.unlock();
  m.lock_shared();
  { const lock adopted(m, std::adopt_lock); }
  m.lock();
  EXPECT_FALSE(elsewhere<World>([&] { return lock(m, std::try_to_lock).owns_lock(); }));
  m.unlock();
}

CONFORMS(shared_mutex_list, shared_lock_refuses_what_cannot_be) {
  using lock = std::shared_lock<typename World::subject>;
  typename World::subject m;
  lock none, held(m), free(m, std::defer_lock);
  EXPECT_EQ(code_thrown_by([&] { return none.lock(), 0; }), std::errc::operation_not_permitted);
  EXPECT_EQ(code_thrown_by([&] { return none.try_lock(); }), std::errc::operation_not_permitted);
  EXPECT_TRUE(code_thrown_by([&] { return free.unlock(), 0; }));  // not permitted; libstdc++ calls it a deadlock
  EXPECT_EQ(code_thrown_by([&] { return held.lock(), 0; }), std::errc::resource_deadlock_would_occur);
  EXPECT_EQ(code_thrown_by([&] { return held.try_lock(); }), std::errc::resource_deadlock_would_occur);
}

CONFORMS(shared_mutex_list, shared_lock_moves_swaps_and_releases) {
  using lock = std::shared_lock<typename World::subject>;
  typename World::subject m, n;
  lock a(m), b(std::move(a));
  EXPECT_FALSE(a.owns_lock());
  EXPECT_EQ(a.mutex(), nullptr);
  EXPECT_TRUE(b.owns_lock());
  lock c(n);
  c = std::move(b);  // lets go of n
  EXPECT_EQ(c.mutex(), &m);
  wait_until([&] { return can_be_written_elsewhere<World>(n); });
  lock d;
  swap(c, d);
  EXPECT_EQ(d.mutex(), &m);
  d.swap(c);
  EXPECT_EQ(c.release(), &m);
  EXPECT_FALSE(c.owns_lock());
  EXPECT_FALSE(can_be_written_elsewhere<World>(m));
  m.unlock_shared();
}

CONFORMS(shared_timed_mutex_list, shared_lock_takes_limits) {
  using lock = std::shared_lock<typename World::subject>;
  typename World::subject m;
  m.lock();
  on_threads<World>(1, [&](int) {
    EXPECT_FALSE(lock(m, milliseconds(0)).owns_lock());
    EXPECT_FALSE(lock(m, steady_clock::now()).owns_lock());
    lock tried(m, std::defer_lock);
    EXPECT_FALSE(tried.try_lock_for(milliseconds(0)));
    EXPECT_FALSE(tried.try_lock_until(steady_clock::now()));
  });
  m.unlock();
  EXPECT_TRUE(lock(m, std::chrono::hours(1)).owns_lock());
}

}  // namespace
}  // namespace weft::testing
