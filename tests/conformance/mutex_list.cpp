// What [thread.mutex.requirements] says of every mutex, and [thread.mutex.recursive], [thread.timedmutex.requirements]
// of theirs. Clauses as in C++20.

#include <array>
#include <atomic>
#include <chrono>
#include <type_traits>

#include <gtest/gtest.h>

#include <conformance/conformance_list.hpp>
#include <conformance/crew.hpp>
#include <conformance/requirements.hpp>

namespace weft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// clang-format off
template <class World> using mutex_of = typename World::mutex;
template <class World> using timed_mutex_of = typename World::timed_mutex;
template <class World> using recursive_mutex_of = typename World::recursive_mutex;
template <class World> using recursive_timed_mutex_of = typename World::recursive_timed_mutex;
template <class World> using shared_mutex_of = typename World::shared_mutex;
template <class World> using shared_timed_mutex_of = typename World::shared_timed_mutex;
// clang-format on

// [thread.mutex.requirements.mutex]: "An implementation may fail to obtain the lock even if it is not held by any other
// thread."
template <class Mutex>
void lock_by_trying(Mutex& m) {
  wait_until([&] { return m.try_lock(); });
}

template <class World, class Mutex>
bool can_be_locked_elsewhere(Mutex& m) {
  return elsewhere<World>([&] {
    if (!m.try_lock()) return false;
    m.unlock();
    return true;
  });
}

// --- every mutex

CONFORMANCE_LIST(mutex_list, mutex_of, timed_mutex_of, recursive_mutex_of, recursive_timed_mutex_of, shared_mutex_of,
                 shared_timed_mutex_of);

CONFORMS(mutex_list, has_the_types_that_are_required) {
  using mutex = typename World::subject;
  static_assert(lockable<mutex>);
  static_assert(std::is_default_constructible_v<mutex>);
  static_assert(k_stays_in_place<mutex>);
  static_assert(std::is_standard_layout_v<mutex>);
}

CONFORMS(mutex_list, lets_one_in_at_a_time) {
  constexpr int k_threads = 4, k_rounds = 250;
  typename World::subject m;
  int counted = 0;
  on_threads<World>(k_threads, [&](int i) {
    for (int round = 0; round < k_rounds; ++round) {
      if ((i + round) % 2 == 0)
        m.lock();
      else
        lock_by_trying(m);
      const int before = counted;
      if (round % 16 == 0) World::yield();
      counted = before + 1;
      m.unlock();
    }
  });
  EXPECT_EQ(counted, k_threads * k_rounds);
}

CONFORMS(mutex_list, held_by_another_thread_is_not_to_be_had_by_trying) {
  typename World::subject m;
  m.lock();
  EXPECT_FALSE(can_be_locked_elsewhere<World>(m));
  m.unlock();
  wait_until([&] { return can_be_locked_elsewhere<World>(m); });
}

CONFORMS(mutex_list, lock_waits_for_the_unlock_and_sees_what_came_before_it) {
  typename World::subject m;
  int written = 0;
  std::atomic<bool> waits{false}, is_in{false};
  m.lock();
  typename World::thread other([&] {
    waits = true;
    m.lock();
    is_in = true;
    EXPECT_EQ(written, 1);
    m.unlock();
  });
  wait_until([&] { return waits.load(); });
  for (int i = 0; i < 10; ++i) World::yield();
  EXPECT_FALSE(is_in);
  written = 1;
  m.unlock();
  other.join();
  EXPECT_TRUE(is_in);
}

CONFORMS(mutex_list, may_be_destroyed_once_nobody_holds_it) {
  for (int i = 0; i < 20; ++i) {
    typename World::subject m;
    on_threads<World>(2, [&](int) {
      m.lock();
      m.unlock();
    });
  }
}

// --- [thread.mutex.class]

CONFORMANCE_LIST(plain_mutex_list, mutex_of);

template <class Mutex>
Mutex& constant_mutex() {
  constinit static Mutex m;
  return m;
}

CONFORMS(plain_mutex_list, is_constant_mutex) {
  using mutex = typename World::subject;
  static_assert(std::is_nothrow_default_constructible_v<mutex>);
  const std::scoped_lock lock(constant_mutex<mutex>());
  EXPECT_FALSE(can_be_locked_elsewhere<World>(constant_mutex<mutex>()));
}

// --- [thread.mutex.recursive], [thread.timedmutex.recursive]

CONFORMANCE_LIST(recursive_mutex_list, recursive_mutex_of, recursive_timed_mutex_of);

CONFORMS(recursive_mutex_list, is_locked_again_by_its_owner_and_let_go_at_the_last_level) {
  typename World::subject m;
  m.lock();
  m.lock();
  ASSERT_TRUE(m.try_lock());
  for (int level = 3; level > 0; --level) {
    EXPECT_FALSE(can_be_locked_elsewhere<World>(m)) << level;
    m.unlock();
  }
  wait_until([&] { return can_be_locked_elsewhere<World>(m); });
}

CONFORMS(recursive_mutex_list, changes_owners) {
  typename World::subject m;
  int counted = 0;
  on_threads<World>(4, [&](int) {
    for (int round = 0; round < 50; ++round) {
      const std::scoped_lock outer(m);
      const int before = counted;
      {
        const std::scoped_lock inner(m);
        if (round % 16 == 0) World::yield();
      }
      counted = before + 1;
    }
  });
  EXPECT_EQ(counted, 200);
}

// --- [thread.timedmutex.requirements], [thread.sharedtimedmutex.requirements]

CONFORMANCE_LIST(timed_mutex_list, timed_mutex_of, recursive_timed_mutex_of, shared_timed_mutex_of);

CONFORMS(timed_mutex_list, has_the_types_that_are_required) { static_assert(timed_lockable<typename World::subject>); }

// What is tried is undone, so that it can be asked with everything that ends a wait.
template <class World, class Mutex, class Try>
bool succeeds_elsewhere(Mutex& m, Try try_lock) {
  return elsewhere<World>([&] {
    if (!try_lock()) return false;
    m.unlock();
    return true;
  });
}

CONFORMS(timed_mutex_list, a_limit_that_has_passed_does_not_wait) {
  typename World::subject m;
  m.lock();
  EXPECT_FALSE(succeeds_elsewhere<World>(m, [&] { return m.try_lock_for(milliseconds(0)); }));
  EXPECT_FALSE(succeeds_elsewhere<World>(m, [&] { return m.try_lock_for(milliseconds(-1)); }));
  EXPECT_FALSE(succeeds_elsewhere<World>(m, [&] { return m.try_lock_for(std::chrono::duration<double>(-1.5)); }));
  EXPECT_FALSE(succeeds_elsewhere<World>(m, [&] { return m.try_lock_until(steady_clock::now()); }));
  EXPECT_FALSE(succeeds_elsewhere<World>(m, [&] { return m.try_lock_until(steady_clock::time_point()); }));
  EXPECT_FALSE(succeeds_elsewhere<World>(m, [&] { return m.try_lock_until(std::chrono::system_clock::now()); }));
  EXPECT_FALSE(succeeds_elsewhere<World>(m, [&] { return m.try_lock_until(foreign_clock::now()); }));
  m.unlock();
}

CONFORMS(timed_mutex_list, a_limit_that_has_passed_takes_what_is_free) {
  typename World::subject m;
  const auto take = [&](auto try_lock) {
    wait_until(try_lock);
    m.unlock();
  };
  take([&] { return m.try_lock_for(milliseconds(-1)); });
  take([&] { return m.try_lock_until(steady_clock::time_point()); });
  take([&] { return m.try_lock_for(std::chrono::hours(1)); });
}

CONFORMS(timed_mutex_list, gives_up_no_sooner_than_its_limit) {
  typename World::subject m;
  m.lock();
  EXPECT_TRUE(elsewhere<World>([&] {
    const auto until = steady_clock::now() + milliseconds(2);
    return !m.try_lock_for(milliseconds(2)) && steady_clock::now() >= until;
  }));
  EXPECT_TRUE(elsewhere<World>([&] {
    const auto until = steady_clock::now() + milliseconds(2);
    return !m.try_lock_until(until) && steady_clock::now() >= until;
  }));
  EXPECT_TRUE(elsewhere<World>([&] {
    const auto until = std::chrono::system_clock::now() + milliseconds(2);
    return !m.try_lock_until(until) && std::chrono::system_clock::now() >= until;
  }));
  EXPECT_TRUE(elsewhere<World>([&] {
    const auto until = foreign_clock::now() + milliseconds(2);
    return !m.try_lock_until(until) && foreign_clock::now() >= until;
  }));
  m.unlock();
}

CONFORMS(timed_mutex_list, has_it_once_it_is_unlocked_within_the_limit) {
  typename World::subject m;
  std::atomic<int> waiting{0}, had{0};
  m.lock();
  typename World::thread owner_comes([&] {
    on_threads<World>(2, [&](int i) {
      ++waiting;
      if (i == 0 ? !m.try_lock_for(std::chrono::hours(1))
                 : !m.try_lock_until(steady_clock::now() + milliseconds(600000)))
        return;
      ++had;
      m.unlock();
    });
  });
  wait_until([&] { return waiting == 2; });
  for (int i = 0; i < 10; ++i) World::yield();
  EXPECT_EQ(had, 0);
  m.unlock();
  owner_comes.join();
  EXPECT_EQ(had, 2);
}

CONFORMANCE_LIST(recursive_timed_mutex_list, recursive_timed_mutex_of);

CONFORMS(recursive_timed_mutex_list, is_had_again_by_its_owner_whatever_the_limit) {
  typename World::subject m;
  m.lock();
  EXPECT_TRUE(m.try_lock_for(milliseconds(0)));
  EXPECT_TRUE(m.try_lock_until(steady_clock::time_point()));
  for (int level = 3; level > 0; --level) {
    EXPECT_FALSE(can_be_locked_elsewhere<World>(m)) << level;
    m.unlock();
  }
  wait_until([&] { return can_be_locked_elsewhere<World>(m); });
}

}  // namespace
}  // namespace weft::testing
