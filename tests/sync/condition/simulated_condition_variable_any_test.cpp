// condition_variable_any with a std::stop_token under thousands of orders: a stop against a notification. What it has
// in common with condition_variable is in simulated_locks_test.cpp.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <stop_token>
#include <utility>

#include <support/simulated.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/condition_variable_any.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/shared_mutex.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::await_stillness;
using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::fibers;
using weft::testing::join_all;
using weft::testing::must;

// --- A notification is not spent on who is stopped.

// One notification, and a stop of the first of two who wait, at the same time.
void one_notification_and_a_stop() {
  weft::mutex m;
  weft::condition_variable_any cv;
  std::stop_source stopping;
  int items = 0;  // guarded by m
  const auto is_there = [&items] { return items > 0; };
  auto first = weft::spawn([&] {
    std::unique_lock lock(m);
    if (cv.wait(lock, stopping.get_token(), is_there)) --items;
  });
  await_stillness();
  auto second = weft::spawn([&] {
    std::unique_lock lock(m);
    cv.wait(lock, is_there);
    --items;
  });
  await_stillness();
  auto stopper = weft::spawn([&] {
    weft::this_fiber::yield();
    stopping.request_stop();
  });
  {
    const std::scoped_lock held(m);
    ++items;
  }
  cv.notify_one();
  stopper.join();
  first.join();
  await_stillness();
  const std::scoped_lock held(m);
  must(items == 0, "nobody took what was notified");
  second.request_stop();
}

TEST(simulated_condition_variable_any, spends_no_notification_on_who_is_stopped) {
  expect_holds(one_notification_and_a_stop);
}

// --- No stop is lost, wherever the waiter is just then.

class stopped_by_token {
 public:
  template <class Lock, class Predicate>
  bool wait(Lock& lock, std::stop_token stop, Predicate satisfied) {
    return cv_.wait(lock, std::move(stop), std::move(satisfied));
  }

 private:
  weft::condition_variable_any cv_;
};

// Looks at the token, and then waits for what has told it so already.
class stopped_by_a_look {
 public:
  template <class Lock, class Predicate>
  bool wait(Lock& lock, const std::stop_token& stop, Predicate satisfied) {
    while (!stop.stop_requested()) {
      if (satisfied()) return true;
      cv_.wait(lock);
    }
    return satisfied();
  }

 private:
  weft::condition_variable_any cv_;
};

template <class Waiting>
void a_stop_at_any_time() {
  weft::mutex m;
  Waiting waiting;
  std::stop_source stopping;
  auto waiter = weft::spawn([&] {
    std::unique_lock lock(m);
    must(!waiting.wait(lock, stopping.get_token(), [] { return false; }), "satisfied by nothing");
  });
  weft::this_fiber::yield();
  stopping.request_stop();
  waiter.join();
}

TEST(simulated_condition_variable_any, misses_no_stop) { expect_holds(a_stop_at_any_time<stopped_by_token>); }
TEST(simulated_condition_variable_any, misses_no_stop_and_the_test_would_see_it) {
  expect_found(20, a_stop_at_any_time<stopped_by_a_look>);
}

// --- With a lock that itself waits, a limit and a cancellation; and it goes as soon as all were notified.

void with_a_shared_lock() {
  weft::shared_mutex m;
  bool is_over = false;  // guarded by m
  fibers all;
  {
    weft::condition_variable_any cv;
    std::stop_source stopping;
    const auto wait = [&m, &is_over, &cv, &stopping](int way) {
      std::shared_lock lock(m);
      const auto over = [&is_over] { return is_over; };
      if (way == 0) (void)cv.wait_for(lock, 2us, over);
      if (way == 1) (void)cv.wait_for(lock, stopping.get_token(), 2us, over);
      if (way == 2) cv.wait(lock, over);
    };
    for (const int way : {0, 1, 2, 2}) all.push_back(weft::spawn([wait, way] { wait(way); }));
    auto stopper = weft::spawn([&stopping] { stopping.request_stop(); });
    await_stillness();
    all.back().request_stop();
    weft::this_fiber::sleep_for(1us);
    {
      const std::scoped_lock held(m);
      is_over = true;
    }
    cv.notify_all();
    stopper.join();
    for (std::size_t i = 0; i < 3; ++i) all[i].join();
    all.pop_back();
  }
}

TEST(simulated_condition_variable_any, goes_with_any_lock) { expect_holds(with_a_shared_lock); }

}  // namespace
