// What condition_variable_any.hpp promises of std::stop_token, and the races around it.

#include <weft/sync/condition_variable_any.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stop_token>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/shared_mutex.hpp>

#include "await_parked.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::await_parked;

const auto never_satisfied = [] { return false; };

struct place {
  weft::mutex m;
  weft::condition_variable_any cv;

  weft::join_handle<bool> spawn_waiter(std::stop_token stop) {
    return weft::spawn([this, stop] {
      std::unique_lock lock(m);
      const bool satisfied = cv.wait(lock, stop, never_satisfied);
      EXPECT_TRUE(lock.owns_lock());
      return satisfied;
    });
  }
};

FIBER_TEST(condition_variable_stop, a_request_by_a_fiber_or_a_thread_wakes_the_wait) {
  place p;
  std::stop_source by_fiber, by_thread;
  auto first = p.spawn_waiter(by_fiber.get_token());
  auto second = p.spawn_waiter(by_thread.get_token());
  await_parked(2, "condition variable");
  by_fiber.request_stop();
  EXPECT_FALSE(first.join());
  await_parked(1, "condition variable");
  std::thread([&] { by_thread.request_stop(); }).join();
  EXPECT_FALSE(second.join());
}

FIBER_TEST(condition_variable_stop, a_request_may_be_made_with_the_lock_held) {
  place p;
  std::stop_source stop;
  auto waiter = p.spawn_waiter(stop.get_token());
  await_parked(1, "condition variable");
  {
    const std::scoped_lock lock(p.m);
    stop.request_stop();
  }
  EXPECT_FALSE(waiter.join());
}

FIBER_TEST(condition_variable_stop, a_thread_that_waits_is_woken_by_a_fiber) {
  place p;
  std::stop_source stop;
  std::atomic<bool> waits{false};
  std::thread waiter([&] {
    std::unique_lock lock(p.m);
    EXPECT_FALSE(p.cv.wait(lock, stop.get_token(), [&] {
      waits = true;
      return false;
    }));
  });
  weft::testing::wait_until([&] { return waits.load(); });
  stop.request_stop();
  waiter.join();
}

FIBER_TEST(condition_variable_stop, once_requested_the_predicate_is_asked_and_nobody_waits) {
  place p;
  std::stop_source stop;
  stop.request_stop();
  std::unique_lock lock(p.m);
  EXPECT_FALSE(p.cv.wait(lock, stop.get_token(), never_satisfied));
  EXPECT_TRUE(p.cv.wait(lock, stop.get_token(), [] { return true; }));
  EXPECT_FALSE(p.cv.wait_for(lock, stop.get_token(), 24h, never_satisfied));
  EXPECT_FALSE(p.cv.wait_until(lock, stop.get_token(), std::chrono::system_clock::now() + 24h, never_satisfied));
}

FIBER_TEST(condition_variable_stop, a_token_that_nobody_stops_leaves_notifications_and_limits_as_they_are) {
  place p;
  std::stop_source stop;
  bool ready = false;
  std::unique_lock lock(p.m);
  EXPECT_FALSE(p.cv.wait_for(lock, stop.get_token(), 1ms, never_satisfied));
  EXPECT_FALSE(p.cv.wait_until(lock, stop.get_token(), std::chrono::system_clock::now() + 1ms, never_satisfied));
  EXPECT_FALSE(p.cv.wait_for(lock, std::stop_token(), 1ms, never_satisfied));
  auto notifier = weft::spawn([&] {
    const std::scoped_lock held(p.m);
    ready = true;
    p.cv.notify_one();
  });
  EXPECT_TRUE(p.cv.wait(lock, stop.get_token(), [&] { return ready; }));
  lock.unlock();
  notifier.join();
}

FIBER_TEST(condition_variable_stop, others_who_wait_do_not_notice) {
  place p;
  std::stop_source stop;
  int looks = 0;
  bool ready = false;
  auto other = weft::spawn([&] {
    std::unique_lock lock(p.m);
    p.cv.wait(lock, [&] {
      ++looks;
      return ready;
    });
  });
  await_parked(1, "condition variable");
  auto stopped = p.spawn_waiter(stop.get_token());
  await_parked(2, "condition variable");
  stop.request_stop();
  EXPECT_FALSE(stopped.join());
  {
    const std::scoped_lock lock(p.m);
    EXPECT_EQ(looks, 1);
    ready = true;
  }
  p.cv.notify_one();
  other.join();
}

FIBER_TEST(condition_variable_stop, a_wait_that_is_cancelled_throws_with_the_lock_held) {
  place p;
  std::stop_source stop;
  bool held = false;
  auto waiter = weft::spawn([&] {
    std::unique_lock lock(p.m);
    try {
      p.cv.wait(lock, stop.get_token(), never_satisfied);
    } catch (const weft::cancelled&) {
      held = lock.owns_lock();
      throw;
    }
  });
  await_parked(1, "condition variable");
  waiter.request_stop();
  EXPECT_THROW(waiter.join(), std::system_error);
  EXPECT_TRUE(held);
}

// The request comes anywhere between the waiter's first look at the token and its park. A lost one hangs the join.
FIBER_TEST(condition_variable_stop, a_request_is_never_lost_on_the_way_to_the_park) {
  for (int n = 0; n < 300; ++n) {
    place p;
    std::stop_source stop;
    auto waiter = p.spawn_waiter(stop.get_token());
    for (std::uint32_t turns = weft::detail::random_below(3); turns > 0; --turns) weft::this_fiber::yield();
    if (n % 3 == 0)
      std::thread([&] { stop.request_stop(); }).join();
    else
      weft::spawn([&] { stop.request_stop(); }).join();
    EXPECT_FALSE(waiter.join());
  }
}

// A notification and a request at once, for the first of two waiters: one of the two is notified.
FIBER_TEST(condition_variable_stop, a_notification_is_never_lost_to_a_waiter_who_is_stopped) {
  for (int n = 0; n < 200; ++n) {
    place p;
    std::stop_source stop;
    int tickets = 0;
    std::atomic<int> waiting{0};
    const auto take = [&](std::stop_token token) {
      std::unique_lock lock(p.m);
      ++waiting;
      if (!p.cv.wait(lock, token, [&] { return tickets > 0; })) return false;
      --tickets;
      return true;
    };
    auto first = weft::spawn([&] { return take(stop.get_token()); });
    weft::testing::wait_until([&] { return waiting == 1; });
    auto second = weft::spawn([&] { return take(std::stop_token()); });
    weft::testing::wait_until([&] { return waiting == 2; });
    auto stopper = weft::spawn([&] { stop.request_stop(); });
    {
      const std::scoped_lock lock(p.m);
      ++tickets;
    }
    p.cv.notify_one();
    stopper.join();
    if (first.join()) {
      const std::scoped_lock lock(p.m);
      ++tickets;
      p.cv.notify_one();
    }
    EXPECT_TRUE(second.join());
  }
}

// The stop is requested on behalf of a waiter that was notified, when the condition variable is gone already (ASan's to
// see).
FIBER_TEST(condition_variable_stop, a_request_after_the_notification_does_not_touch_what_may_be_gone) {
  for (int n = 0; n < 200; ++n) {
    weft::shared_mutex m;
    auto cv = std::make_unique<weft::condition_variable_any>();
    std::stop_source stop;
    bool waits = false, ready = false;
    auto waiter = weft::spawn([&, raw = cv.get()] {
      std::unique_lock lock(m);
      waits = true;
      raw->wait(lock, stop.get_token(), [&] { return ready; });
    });
    for (bool seen = false; !seen; weft::this_fiber::yield()) {
      const std::shared_lock lock(m);
      seen = waits;
    }
    std::unique_lock lock(m);
    ready = true;
    cv->notify_all();
    cv.reset();
    stop.request_stop();
    lock.unlock();
    waiter.join();
  }
}

}  // namespace
