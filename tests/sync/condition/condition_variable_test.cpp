// What condition_variable.hpp promises, and the races around it.

#include <weft/sync/condition_variable.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/mutex.hpp>

#include "await_parked.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::await_parked;

constinit weft::condition_variable global_cv;

struct gate {
  weft::mutex m;
  weft::condition_variable cv;
  int tickets = 0;

  void take() {
    std::unique_lock lock(m);
    cv.wait(lock, [this] { return tickets > 0; });
    --tickets;
  }
  void put(int n) {
    const std::scoped_lock lock(m);
    tickets += n;
  }
};

FIBER_TEST(condition_variable, notify_one_wakes_one) {
  gate g;
  auto a = weft::spawn([&] { g.take(); });
  auto b = weft::spawn([&] { g.take(); });
  await_parked(2, "condition variable");
  g.put(1);
  g.cv.notify_one();
  await_parked(1, "condition variable");
  g.put(1);
  g.cv.notify_one();
  a.join();
  b.join();
}

FIBER_TEST(condition_variable, notify_all_wakes_all) {
  gate g;
  std::vector<weft::join_handle<void>> all;
  for (int i = 0; i < 20; ++i) all.push_back(weft::spawn([&] { g.take(); }));
  await_parked(20, "condition variable");
  g.put(20);
  g.cv.notify_all();
  for (auto& each : all) each.join();
  EXPECT_EQ(g.tickets, 0);
}

FIBER_TEST(condition_variable, wakes_waiters_in_the_order_in_which_they_came) {
  weft::mutex m;
  weft::condition_variable cv;
  std::vector<int> order;
  std::vector<weft::join_handle<void>> all;
  for (int i = 0; i < 8; ++i) {
    all.push_back(weft::spawn([&, i] {
      std::unique_lock lock(m);
      cv.wait(lock);
      order.push_back(i);
    }));
    await_parked(static_cast<std::size_t>(i) + 1, "condition variable");
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    cv.notify_one();
    all[i].join();
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

FIBER_TEST(condition_variable, a_notification_without_waiters_is_not_remembered) {
  weft::mutex m;
  global_cv.notify_one();
  global_cv.notify_all();
  std::unique_lock lock(m);
  EXPECT_EQ(global_cv.wait_for(lock, 1us), std::cv_status::timeout);
  EXPECT_TRUE(lock.owns_lock());
}

FIBER_TEST(condition_variable, a_wait_that_times_out_holds_the_mutex_again) {
  weft::mutex m;
  weft::condition_variable cv;
  std::unique_lock lock(m);
  EXPECT_EQ(cv.wait_until(lock, std::chrono::steady_clock::now() + 1ms), std::cv_status::timeout);
  EXPECT_EQ(cv.wait_until(lock, std::chrono::system_clock::now() + 1ms), std::cv_status::timeout);
  EXPECT_EQ(cv.wait_for(lock, -1s), std::cv_status::timeout);
  EXPECT_FALSE(cv.wait_for(lock, 1us, [] { return false; }));
  EXPECT_TRUE(cv.wait_for(lock, 1us, [] { return true; }));
  EXPECT_FALSE(cv.wait_until(lock, std::chrono::system_clock::now(), [] { return false; }));
  EXPECT_FALSE(weft::spawn([&] { return m.try_lock(); }).join());
}

FIBER_TEST(condition_variable, a_timed_wait_that_is_notified_says_so) {
  gate g;
  std::cv_status said{};
  auto waiter = weft::spawn([&] {
    std::unique_lock lock(g.m);
    said = g.cv.wait_for(lock, std::chrono::hours(24));
  });
  await_parked(1, "condition variable");
  g.cv.notify_one();
  waiter.join();
  EXPECT_EQ(said, std::cv_status::no_timeout);
}

FIBER_TEST(condition_variable, waiting_without_the_mutex_throws) {
  weft::mutex m;
  weft::condition_variable cv;
  std::unique_lock lock(m, std::defer_lock);
  try {
    cv.wait(lock);
    FAIL() << "no exception";
  } catch (const std::system_error& refused) {
    EXPECT_EQ(refused.code(), std::errc::operation_not_permitted);
  }
}

FIBER_TEST(condition_variable, a_cancelled_wait_throws_with_the_mutex_held) {
  gate g;
  bool held = false;
  auto waiter = weft::spawn([&] {
    std::unique_lock lock(g.m);
    try {
      g.cv.wait(lock);
    } catch (const weft::cancelled&) {
      held = lock.owns_lock();
      throw;
    }
  });
  await_parked(1, "condition variable");
  g.m.lock();  // the waiter must queue for the mutex, which is not a cancellation point
  waiter.request_stop();
  await_parked(1, "mutex");
  g.m.unlock();
  EXPECT_THROW(waiter.join(), std::system_error);
  EXPECT_TRUE(held);
}

// One notification for two waiters, of whom one is about to run out of time: whoever says it was not notified leaves
// the notification to the other. A lost one hangs the join.
FIBER_TEST(condition_variable, a_notification_is_never_lost_to_a_waiter_whose_time_runs_out) {
  for (int n = 0; n < 300; ++n) {
    weft::mutex m;
    weft::condition_variable cv;
    const auto limit = std::chrono::nanoseconds(weft::detail::random_below(100'000));
    auto hasty = weft::spawn([&] {
      std::unique_lock lock(m);
      return cv.wait_for(lock, limit) == std::cv_status::no_timeout;
    });
    bool patient_waits = false;
    auto patient = weft::spawn([&] {
      std::unique_lock lock(m);
      patient_waits = true;
      cv.wait(lock);
    });
    for (bool waits = false; !waits; weft::this_fiber::yield()) {
      const std::scoped_lock lock(m);
      waits = patient_waits;
    }
    cv.notify_one();
    const bool hasty_was_notified = hasty.join();
    if (hasty_was_notified) cv.notify_one();
    patient.join();
  }
}

// The same with cancellation in the place of the deadline.
FIBER_TEST(condition_variable, a_notification_is_never_lost_to_a_waiter_who_is_cancelled) {
  for (int n = 0; n < 300; ++n) {
    weft::mutex m;
    weft::condition_variable cv;
    int waiting = 0;
    bool first_was_notified = false;
    auto first = weft::spawn([&] {
      std::unique_lock lock(m);
      ++waiting;
      cv.wait(lock);
      first_was_notified = true;
    });
    auto second = weft::spawn([&] {
      std::unique_lock lock(m);
      ++waiting;
      cv.wait(lock);
    });
    for (int seen = 0; seen < 2; weft::this_fiber::yield()) {
      const std::scoped_lock lock(m);
      seen = waiting;
    }
    auto canceller = weft::spawn([&] { first.request_stop(); });
    cv.notify_one();
    canceller.join();
    try {
      first.join();
    } catch (const std::system_error&) {
    }
    if (first_was_notified) cv.notify_one();
    second.join();
  }
}

// Destroyed as soon as everybody was notified, while some who timed out are still on their way out (ASan's to see).
FIBER_TEST(condition_variable, its_destructor_waits_for_those_who_timed_out) {
  for (int n = 0; n < 200; ++n) {
    weft::mutex m;
    auto cv = std::make_unique<weft::condition_variable>();
    int waiting = 0;
    std::vector<weft::join_handle<void>> all;
    for (int i = 0; i < 3; ++i)
      all.push_back(
          weft::spawn([&, raw = cv.get(), limit = std::chrono::nanoseconds(weft::detail::random_below(50'000))] {
            std::unique_lock lock(m);
            ++waiting;
            raw->wait_for(lock, limit);
          }));
    for (int seen = 0; seen < 3; weft::this_fiber::yield()) {
      const std::scoped_lock lock(m);
      seen = waiting;
    }
    cv->notify_all();
    cv.reset();
    for (auto& each : all) each.join();
  }
}

// A queue with producers and consumers of both kinds; every item comes out once.
FIBER_TEST(condition_variable, serves_fibers_and_threads_together) {
  constexpr int k_each = 500;
  weft::mutex m;
  weft::condition_variable not_empty, not_full;
  std::deque<int> queue;
  long sum = 0;
  const auto produce = [&] {
    for (int i = 1; i <= k_each; ++i) {
      std::unique_lock lock(m);
      not_full.wait(lock, [&] { return queue.size() < 4; });
      queue.push_back(i);
      not_empty.notify_one();
    }
  };
  const auto consume = [&] {
    for (int i = 0; i < k_each; ++i) {
      std::unique_lock lock(m);
      not_empty.wait(lock, [&] { return !queue.empty(); });
      sum += queue.front();
      queue.pop_front();
      not_full.notify_one();
    }
  };
  auto f1 = weft::spawn(produce), f2 = weft::spawn(consume);
  std::thread t1(produce), t2(consume);
  f1.join();
  f2.join();
  t1.join();
  t2.join();
  EXPECT_EQ(sum, 2L * k_each * (k_each + 1) / 2);
}

}  // namespace
