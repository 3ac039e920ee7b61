// What [thread.condition] says of both condition variables. What condition_variable_any has more, and the end of a
// thread: condition_variable_any_list.cpp.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
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
template <class World> using condition_variable_of = typename World::condition_variable;
template <class World> using condition_variable_any_of = typename World::condition_variable_any;
template <class World> using unique_lock_of = std::unique_lock<typename World::mutex>;
// clang-format on

CONFORMANCE_LIST(condition_variable_list, condition_variable_of, condition_variable_any_of);

CONFORMS(condition_variable_list, has_the_types_that_are_required) {
  using cv = typename World::subject;
  using lock = unique_lock_of<World>;
  static_assert(std::is_default_constructible_v<cv> && k_stays_in_place<cv>);
  static_assert(requires(cv c, lock l, bool (*p)()) {
    { c.notify_one() }
    noexcept->std::same_as<void>;
    { c.notify_all() }
    noexcept->std::same_as<void>;
    { c.wait(l) } -> std::same_as<void>;
    { c.wait(l, p) } -> std::same_as<void>;
    { c.wait_for(l, milliseconds(1)) } -> std::same_as<std::cv_status>;
    { c.wait_for(l, milliseconds(1), p) } -> std::same_as<bool>;
    { c.wait_until(l, steady_clock::now()) } -> std::same_as<std::cv_status>;
    { c.wait_until(l, std::chrono::system_clock::now(), p) } -> std::same_as<bool>;
  });
}

CONFORMS(condition_variable_list, wait_lets_go_of_the_mutex_and_has_it_again) {
  typename World::mutex m;
  typename World::subject cv;
  bool waits = false, ready = false;
  typename World::thread waiter([&] {
    unique_lock_of<World> lock(m);
    waits = true;
    while (!ready) cv.wait(lock);
    EXPECT_TRUE(lock.owns_lock());
    EXPECT_FALSE(elsewhere<World>([&] { return unique_lock_of<World>(m, std::try_to_lock).owns_lock(); }));
  });
  wait_until([&] {
    const std::scoped_lock lock(m);  // which the waiter must let go of for this to be seen
    return waits;
  });
  {
    const std::scoped_lock lock(m);
    ready = true;
  }
  cv.notify_one();
  waiter.join();
}

CONFORMS(condition_variable_list, notify_one_wakes_one_of_those_who_wait) {
  typename World::mutex m;
  typename World::subject cv;
  int permits = 0, waiting = 0, through = 0;
  typename World::thread crew([&] {
    on_threads<World>(3, [&](int) {
      unique_lock_of<World> lock(m);
      ++waiting;
      cv.wait(lock, [&] { return permits > 0; });
      --permits;
      ++through;
    });
  });
  const auto count = [&](const int& which) {
    const std::scoped_lock lock(m);
    return which;
  };
  wait_until([&] { return count(waiting) == 3; });
  for (int n = 1; n <= 3; ++n) {
    {
      const std::scoped_lock lock(m);
      ++permits;
    }
    cv.notify_one();
    wait_until([&] { return count(through) == n; });
  }
  crew.join();
  EXPECT_EQ(permits, 0);
}

CONFORMS(condition_variable_list, notify_all_wakes_everybody) {
  typename World::mutex m;
  typename World::subject cv;
  int waiting = 0;
  bool ready = false;
  typename World::thread crew([&] {
    on_threads<World>(4, [&](int) {
      unique_lock_of<World> lock(m);
      ++waiting;
      cv.wait(lock, [&] { return ready; });
    });
  });
  wait_until([&] {
    const std::scoped_lock lock(m);
    return waiting == 4;
  });
  {
    const std::scoped_lock lock(m);
    ready = true;
  }
  cv.notify_all();
  crew.join();
}

CONFORMS(condition_variable_list, a_notification_that_nobody_waits_for_is_not_kept) {
  typename World::mutex m;
  typename World::subject cv;
  cv.notify_one();
  cv.notify_all();
  unique_lock_of<World> lock(m);
  EXPECT_FALSE(cv.wait_for(lock, milliseconds(0), [] { return false; }));
  wait_until([&] { return cv.wait_for(lock, milliseconds(0)) == std::cv_status::timeout; });  // std's may wake anyway
}

CONFORMS(condition_variable_list, a_predicate_that_is_satisfied_does_not_wait) {
  typename World::mutex m;
  typename World::subject cv;
  unique_lock_of<World> lock(m);
  cv.wait(lock, [] { return true; });
  EXPECT_TRUE(cv.wait_for(lock, std::chrono::hours(1), [] { return true; }));
  EXPECT_TRUE(cv.wait_until(lock, steady_clock::time_point(), [] { return true; }));
  EXPECT_TRUE(lock.owns_lock());
}

CONFORMS(condition_variable_list, a_limit_that_has_passed_is_a_timeout) {
  typename World::mutex m;
  typename World::subject cv;
  unique_lock_of<World> lock(m);
  const auto times_out = [&](auto wait) { wait_until([&] { return wait() == std::cv_status::timeout; }); };
  times_out([&] { return cv.wait_for(lock, milliseconds(0)); });
  times_out([&] { return cv.wait_for(lock, milliseconds(-1)); });
  times_out([&] { return cv.wait_for(lock, std::chrono::duration<double>(-0.5)); });
  times_out([&] { return cv.wait_until(lock, steady_clock::now()); });
  times_out([&] { return cv.wait_until(lock, std::chrono::system_clock::now()); });
  times_out([&] { return cv.wait_until(lock, foreign_clock::now()); });
  EXPECT_FALSE(cv.wait_for(lock, milliseconds(0), [] { return false; }));
  EXPECT_FALSE(cv.wait_until(lock, steady_clock::time_point(), [] { return false; }));
  EXPECT_TRUE(lock.owns_lock());
}

CONFORMS(condition_variable_list, waits_no_less_than_its_limit) {
  typename World::mutex m;
  typename World::subject cv;
  unique_lock_of<World> lock(m);
  const auto until = steady_clock::now() + milliseconds(2);
  EXPECT_FALSE(cv.wait_until(lock, until, [] { return false; }));
  EXPECT_GE(steady_clock::now(), until);
  const auto later = steady_clock::now() + milliseconds(2);
  EXPECT_FALSE(cv.wait_for(lock, milliseconds(2), [] { return false; }));
  EXPECT_GE(steady_clock::now(), later);
  const auto on_the_wall = std::chrono::system_clock::now() + milliseconds(2);
  EXPECT_FALSE(cv.wait_until(lock, on_the_wall, [] { return false; }));
  EXPECT_GE(std::chrono::system_clock::now(), on_the_wall);
  EXPECT_TRUE(lock.owns_lock());
}

CONFORMS(condition_variable_list, a_notification_within_the_limit_ends_the_wait) {
  typename World::mutex m;
  typename World::subject cv;
  int step = 0;
  typename World::thread waiter([&] {
    unique_lock_of<World> lock(m);
    step = 1;
    EXPECT_TRUE(cv.wait_for(lock, std::chrono::hours(1), [&] { return step == 2; }));
    step = 3;
    EXPECT_TRUE(cv.wait_until(lock, steady_clock::now() + std::chrono::hours(1), [&] { return step == 4; }));
  });
  for (const int reached : {1, 3}) {
    wait_until([&] {
      const std::scoped_lock lock(m);
      if (step != reached) return false;
      ++step;
      return true;
    });
    cv.notify_all();
  }
  waiter.join();
}

// [thread.condition.condvar]: "There shall be no thread blocked on *this. [Note: That is, all threads have been
// notified; they could subsequently block on the lock specified in the wait.]"
CONFORMS(condition_variable_list, may_be_destroyed_once_all_have_been_notified) {
  for (int round = 0; round < 20; ++round) {
    typename World::mutex m;
    auto cv = std::make_unique<typename World::subject>();
    int waiting = 0;
    bool ready = false;
    typename World::thread crew([&, cv = cv.get()] {
      on_threads<World>(2, [&](int) {
        unique_lock_of<World> lock(m);
        ++waiting;
        while (!ready) cv->wait(lock);
      });
    });
    wait_until([&] {
      const std::scoped_lock lock(m);
      return waiting == 2;
    });
    {
      const std::scoped_lock lock(m);
      ready = true;
      cv->notify_all();
      cv.reset();
    }
    crew.join();
  }
}

CONFORMS(condition_variable_list, carries_a_bounded_queue) {
  constexpr int k_items = 200, k_room = 4, k_end = -1;
  typename World::mutex m;
  typename World::subject not_full, not_empty;
  std::deque<int> queue;
  long sum = 0;
  const auto put = [&](int item) {
    unique_lock_of<World> lock(m);
    not_full.wait(lock, [&] { return queue.size() < k_room; });
    queue.push_back(item);
    not_empty.notify_one();
  };
  const auto take = [&] {
    unique_lock_of<World> lock(m);
    not_empty.wait(lock, [&] { return !queue.empty(); });
    const int item = queue.front();
    queue.pop_front();
    not_full.notify_one();
    if (item != k_end) sum += item;
    return item;
  };
  on_threads<World>(4, [&](int i) {
    if (i < 2) {
      for (int n = 1; n <= k_items; ++n) put(n);
      put(k_end);
    } else {
      while (take() != k_end) {
      }
    }
  });
  EXPECT_EQ(sum, 2L * k_items * (k_items + 1) / 2);
}

}  // namespace
}  // namespace weft::testing
