// What condition_variable_any.hpp promises with any lock, and the races around it. Stop tokens:
// condition_variable_stop_test.cpp.

#include <weft/sync/condition_variable_any.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>
#include <support/fibers.hpp>

#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/channel.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/recursive_mutex.hpp>
#include <weft/sync/shared_mutex.hpp>
#include <weft/sync/timed_mutex.hpp>
#include <weft/sync/wait_group.hpp>

#include "await_parked.hpp"
#include "lock_stress.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::await_parked;
using weft::testing::fibers;

constinit weft::condition_variable_any global_cv_any;

// A waiter on a lock of that type is notified by one who changed the condition under the mutex.
template <class Lock, class Mutex>
void expect_served() {
  Mutex m;
  bool ready = false;
  auto waiter = weft::spawn([&] {
    Lock lock(m);
    global_cv_any.wait(lock, [&] { return ready; });
    EXPECT_TRUE(lock.owns_lock());
  });
  await_parked(1, "condition variable");
  {
    const std::scoped_lock lock(m);
    ready = true;
  }
  global_cv_any.notify_one();
  waiter.join();
}

FIBER_TEST(condition_variable_any, serves_the_locks_of_every_mutex) {
  expect_served<std::unique_lock<weft::mutex>, weft::mutex>();
  expect_served<std::unique_lock<weft::timed_mutex>, weft::timed_mutex>();
  expect_served<std::unique_lock<weft::recursive_mutex>, weft::recursive_mutex>();
  expect_served<std::unique_lock<weft::recursive_timed_mutex>, weft::recursive_timed_mutex>();
  expect_served<std::unique_lock<weft::shared_mutex>, weft::shared_mutex>();
  expect_served<std::shared_lock<weft::shared_mutex>, weft::shared_mutex>();
  expect_served<std::shared_lock<weft::shared_timed_mutex>, weft::shared_timed_mutex>();
  expect_served<std::unique_lock<std::mutex>, std::mutex>();
}

FIBER_TEST(condition_variable_any, serves_a_mutex_without_a_lock_around_it) {
  weft::mutex m;
  bool ready = false;
  auto waiter = weft::spawn([&] {
    m.lock();
    global_cv_any.wait(m, [&] { return ready; });
    m.unlock();
  });
  await_parked(1, "condition variable");
  m.lock();
  ready = true;
  m.unlock();
  global_cv_any.notify_all();
  waiter.join();
}

FIBER_TEST(condition_variable_any, wakes_waiters_in_the_order_in_which_they_came) {
  weft::timed_mutex m;
  weft::condition_variable_any cv;
  std::vector<std::size_t> order;
  fibers all;
  for (std::size_t i = 0; i < 8; ++i) {
    all.push_back(weft::spawn([&, i] {
      std::unique_lock lock(m);
      cv.wait(lock);
      order.push_back(i);
    }));
    await_parked(i + 1, "condition variable");
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    cv.notify_one();
    all[i].join();
  }
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

FIBER_TEST(condition_variable_any, a_wait_that_times_out_has_the_lock_again) {
  weft::shared_mutex m;
  weft::condition_variable_any cv;
  std::unique_lock lock(m);
  EXPECT_EQ(cv.wait_for(lock, 1ms), std::cv_status::timeout);
  EXPECT_EQ(cv.wait_until(lock, std::chrono::steady_clock::now() + 1ms), std::cv_status::timeout);
  EXPECT_EQ(cv.wait_until(lock, std::chrono::system_clock::now() + 1ms), std::cv_status::timeout);
  EXPECT_EQ(cv.wait_for(lock, -1s), std::cv_status::timeout);
  EXPECT_FALSE(cv.wait_for(lock, 1us, [] { return false; }));
  EXPECT_TRUE(cv.wait_for(lock, 1us, [] { return true; }));
  EXPECT_FALSE(cv.wait_until(lock, std::chrono::system_clock::now(), [] { return false; }));
  EXPECT_FALSE(weft::spawn([&] { return m.try_lock_shared(); }).join());
}

FIBER_TEST(condition_variable_any, a_timed_wait_that_is_notified_says_so) {
  weft::mutex m;
  std::cv_status said{};
  auto waiter = weft::spawn([&] {
    std::unique_lock lock(m);
    said = global_cv_any.wait_for(lock, 24h);
  });
  await_parked(1, "condition variable");
  global_cv_any.notify_one();
  waiter.join();
  EXPECT_EQ(said, std::cv_status::no_timeout);
}

// --- Locks that are not ours.

// Its lock() parks, and is a cancellation point.
class channel_lock {
 public:
  void lock() { held_.send(1); }
  void unlock() { (void)held_.recv(); }

 private:
  weft::channel<int> held_{1};
};

FIBER_TEST(condition_variable_any, a_cancelled_wait_locks_again_though_the_lock_is_a_cancellation_point) {
  channel_lock m;
  weft::condition_variable_any cv;
  bool was_cancelled = false;
  auto waiter = weft::spawn([&] {
    m.lock();
    try {
      cv.wait(m);
    } catch (const weft::cancelled&) {
      was_cancelled = true;
      m.unlock();
      throw;
    }
  });
  await_parked(1, "condition variable");
  m.lock();
  waiter.request_stop();
  await_parked(1, "channel send");
  m.unlock();
  EXPECT_THROW(waiter.join(), std::system_error);
  EXPECT_TRUE(was_cancelled);
}

// Its unlock() lets the test in, and parks until that is done.
struct parking_lock {
  weft::wait_group done;
  void lock() {}
  void unlock() { done.wait(); }
};

FIBER_TEST(condition_variable_any, a_notification_while_the_waiter_still_unlocks_is_not_lost) {
  parking_lock m;
  weft::condition_variable_any cv;
  m.done.add();
  std::cv_status said{};
  auto waiter = weft::spawn([&] { said = cv.wait_for(m, 24h); });
  await_parked(1, "wait group");
  cv.notify_one();
  m.done.done();
  waiter.join();
  EXPECT_EQ(said, std::cv_status::no_timeout);
}

FIBER_TEST(condition_variable_any, its_destructor_waits_for_one_notified_while_it_still_unlocked) {
  parking_lock m;
  auto cv = std::make_unique<weft::condition_variable_any>();
  m.done.add();
  auto waiter = weft::spawn([&, raw = cv.get()] { raw->wait(m); });
  await_parked(1, "wait group");
  cv->notify_all();
  auto lets_it_go = weft::spawn([&] {
    await_parked(1, "condition variable destruction");
    m.done.done();
  });
  cv.reset();
  waiter.join();
  lets_it_go.join();
}

FIBER_TEST(condition_variable_any, a_lock_that_refuses_to_unlock_ends_the_wait) {
  weft::mutex m;
  weft::condition_variable_any cv;
  std::unique_lock lock(m, std::defer_lock);
  EXPECT_THROW(cv.wait(lock), std::system_error);
  cv.notify_one();
  lock.lock();
  EXPECT_EQ(cv.wait_for(lock, 1us), std::cv_status::timeout);
}

// --- Races.

// One notification for two waiters, of whom one is about to run out of time, or to be cancelled: whoever says it was
// not notified leaves the notification to the other. A lost one hangs the join.
void expect_not_lost(bool by_cancellation) {
  weft::timed_mutex m;
  weft::condition_variable_any cv;
  int waiting = 0;
  bool first_was_notified = false;
  const auto limit = std::chrono::nanoseconds(weft::detail::random_below(100'000));
  auto first = weft::spawn([&] {
    std::unique_lock lock(m);
    ++waiting;
    first_was_notified = cv.wait_for(lock, by_cancellation ? 24h : limit) == std::cv_status::no_timeout;
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
  auto canceller = weft::spawn([&] {
    if (by_cancellation) first.request_stop();
  });
  cv.notify_one();
  canceller.join();
  try {
    first.join();
  } catch (const std::system_error&) {
  }
  if (first_was_notified) cv.notify_one();
  second.join();
}

FIBER_TEST(condition_variable_any, a_notification_is_never_lost_to_a_waiter_whose_time_runs_out) {
  for (int n = 0; n < 200; ++n) expect_not_lost(false);
}

FIBER_TEST(condition_variable_any, a_notification_is_never_lost_to_a_waiter_who_is_cancelled) {
  for (int n = 0; n < 200; ++n) expect_not_lost(true);
}

// Destroyed as soon as everybody was notified, while some are still on their way out (ASan's to see).
FIBER_TEST(condition_variable_any, may_be_destroyed_once_everybody_was_notified) {
  for (int n = 0; n < 200; ++n) {
    weft::shared_mutex m;
    auto cv = std::make_unique<weft::condition_variable_any>();
    int waiting = 0;
    fibers all;
    for (int i = 0; i < 3; ++i)
      all.push_back(
          weft::spawn([&, raw = cv.get(), limit = std::chrono::nanoseconds(weft::detail::random_below(50'000))] {
            std::unique_lock lock(m);
            ++waiting;
            raw->wait_for(lock, limit);
          }));
    for (int seen = 0; seen < 3; weft::this_fiber::yield()) {
      const std::shared_lock lock(m);
      seen = waiting;
    }
    cv->notify_all();
    cv.reset();
    for (auto& each : all) each.join();
  }
}

// Tickets that change hands between fibers of two runtimes and threads; each is taken once.
template <class Mutex>
void expect_tickets_to_be_taken_once() {
  constexpr int k_rounds = 200;
  Mutex m;
  weft::condition_variable_any cv;
  int tickets = 0;
  weft::testing::on_fibers_and_threads(4, [&](std::size_t i) {
    for (int n = 0; n < k_rounds; ++n) {
      std::unique_lock lock(m);
      if (i % 2 == 0) {
        ++tickets;
        lock.unlock();
        cv.notify_one();
      } else {
        cv.wait(lock, [&] { return tickets > 0; });
        --tickets;
      }
    }
  });
  EXPECT_EQ(tickets, 0);
}

FIBER_TEST(condition_variable_any, serves_fibers_of_two_runtimes_and_threads_together) {
  expect_tickets_to_be_taken_once<weft::timed_mutex>();
  expect_tickets_to_be_taken_once<weft::shared_mutex>();
}

TEST(condition_variable_any, serves_plain_threads_with_a_mutex_of_std) {
  std::mutex m;
  bool ready = false, seen = false;
  std::thread waiter([&] {
    std::unique_lock lock(m);
    global_cv_any.wait(lock, [&] { return ready; });
    seen = true;
    global_cv_any.notify_all();
  });
  std::unique_lock lock(m);
  ready = true;
  global_cv_any.notify_all();
  EXPECT_TRUE(global_cv_any.wait_for(lock, 24h, [&] { return seen; }));
  lock.unlock();
  waiter.join();
}

}  // namespace
