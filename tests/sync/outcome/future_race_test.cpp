// The races around a promise and its futures: who sets first, who goes first, who is let go.

#include <weft/sync/future.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"
#include "last_access.hpp"

namespace {

using weft::testing::await_parked;

FIBER_TEST(future_race, of_many_who_set_one_is_the_first_and_all_see_his_value) {
  constexpr int k_setters = 4;
  for (int n = 0; n < 100; ++n) {
    weft::promise<int> p;
    const weft::shared_future<int> f = p.get_future();
    std::atomic<int> won{-1}, refused{0};
    const auto set = [&](int me) {
      try {
        p.set_value(me);
        won = me;
      } catch (const std::future_error&) {
        ++refused;
      }
    };
    std::vector<weft::join_handle<void>> setters;
    for (int i = 0; i < k_setters; ++i) setters.push_back(weft::spawn([&, i] { set(i); }));
    auto waiter = weft::spawn([f] { return f.get(); });
    const int seen = f.get();
    for (auto& each : setters) each.join();
    EXPECT_EQ(seen, won);
    EXPECT_EQ(waiter.join(), won);
    EXPECT_EQ(refused, k_setters - 1);
  }
}

// The promise, its futures and the state go while set_value is still returning (ASan's and TSan's to see).
FIBER_TEST(future_race, whoever_sees_it_ready_may_destroy_the_promise) {
  for (int n = 0; n < 500; ++n) {
    auto p = std::make_unique<weft::promise<int>>();
    auto f = p->get_future();
    weft::go([raw = p.get()] { raw->set_value(1); });
    if (n % 2 == 0) weft::this_fiber::yield();
    EXPECT_EQ(f.get(), 1);
  }
}

TEST(future_race, a_thread_that_sees_it_ready_may_destroy_the_promise) {
  for (int n = 0; n < 500; ++n) {
    auto p = std::make_unique<weft::promise<int>>();
    auto f = p->get_future();
    std::thread setter([raw = p.get()] { raw->set_value(1); });
    EXPECT_EQ(f.get(), 1);
    p.reset();
    setter.join();
  }
}

// A promise whose future is at hand.
struct both_ends {
  weft::promise<int> promise;
  weft::future<int> future = promise.get_future();
};

TEST(future_race, a_promise_is_not_touched_by_set_value_once_its_future_was_ready) {
  weft::testing::expect_no_access_after_wait<both_ends>(
      1000, [](both_ends&) {}, [](both_ends& ends) { ends.promise.set_value(1); },
      [](both_ends& ends) { EXPECT_EQ(ends.future.get(), 1); });
}

// Both who leave and who stay: nobody is forgotten, nobody is let go twice.
FIBER_TEST(future_race, waiters_who_leave_take_nothing_from_the_others) {
  for (int n = 0; n < 150; ++n) {
    weft::promise<int> p;
    const weft::shared_future<int> f = p.get_future();
    auto hasty = weft::spawn([f] { return f.wait_for(std::chrono::nanoseconds(weft::detail::random_below(50'000))); });
    auto cancelled = weft::spawn([f] { return f.get(); });
    auto patient = weft::spawn([f] { return f.get(); });
    if (n % 2 == 0) weft::this_fiber::yield();
    auto canceller = weft::spawn([&] { cancelled.request_stop(); });
    p.set_value(n);
    canceller.join();
    const std::future_status status = hasty.join();
    EXPECT_TRUE(status == std::future_status::ready || status == std::future_status::timeout);
    try {
      EXPECT_EQ(cancelled.join(), n);
    } catch (const std::system_error&) {
    }
    EXPECT_EQ(patient.join(), n);
  }
}

// A promise that is broken while it is waited for, by its destructor on another worker.
FIBER_TEST(future_race, a_promise_that_breaks_lets_every_waiter_go) {
  for (int n = 0; n < 100; ++n) {
    auto p = std::make_unique<weft::promise<int>>();
    const weft::shared_future<int> f = p->get_future();
    std::vector<weft::join_handle<void>> all;
    for (int i = 0; i < 3; ++i) all.push_back(weft::spawn([f] { EXPECT_THROW(f.get(), std::future_error); }));
    if (n % 2 == 0) weft::this_fiber::yield();
    p.reset();
    for (auto& each : all) each.join();
  }
}

TEST(future_race, values_travel_between_two_runtimes_and_a_thread) {
  constexpr int k_rounds = 200;
  weft::runtime one({.workers = 1}), other({.workers = 2});
  for (int n = 0; n < k_rounds; ++n) {
    weft::promise<int> first, second;
    auto from_first = first.get_future();
    auto from_second = second.get_future();
    one.go([&] { second.set_value(from_first.get() + 1); });
    other.go([p = std::move(first), n]() mutable { p.set_value(n); });
    EXPECT_EQ(from_second.get(), n + 1);
  }
}

// What a provider wrote is seen by all who got its value.
FIBER_TEST(future_race, shows_what_was_written_before_the_value_was_set) {
  for (int n = 0; n < 100; ++n) {
    int wrote = 0;  // plain: TSan sees a set_value() that does not publish
    weft::promise<void> p;
    auto f = p.get_future();
    auto provider = weft::spawn([&] {
      wrote = 1;
      p.set_value();
    });
    if (n % 2 == 0)
      weft::testing::wait_until([&] { return f.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
    f.get();
    EXPECT_EQ(wrote, 1);
    provider.join();
  }
}

}  // namespace
