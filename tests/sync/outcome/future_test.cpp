// What future.hpp promises of promises and futures, first of all what std promises. Races: future_race_test.cpp.

#include <weft/sync/future.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::await_parked;
using weft::testing::expect_error;

static_assert(std::is_move_constructible_v<weft::promise<int>> && !std::is_copy_constructible_v<weft::promise<int>>);
static_assert(std::is_move_constructible_v<weft::future<int>> && !std::is_copy_constructible_v<weft::future<int>>);
static_assert(std::is_copy_constructible_v<weft::shared_future<int>>);
static_assert(std::is_convertible_v<weft::future<int>, weft::shared_future<int>>);
static_assert(std::is_same_v<decltype(std::declval<weft::shared_future<int>>().get()), const int&>);
static_assert(std::is_same_v<decltype(std::declval<weft::shared_future<int&>>().get()), int&>);
static_assert(std::is_same_v<decltype(std::declval<weft::future<int&>>().get()), int&>);
static_assert(std::is_void_v<decltype(std::declval<weft::shared_future<void>>().get())>);

FIBER_TEST(future, brings_the_value_of_its_promise) {
  weft::promise<std::unique_ptr<int>> p;
  auto f = p.get_future();
  EXPECT_TRUE(f.valid());
  auto provider = weft::spawn([&] { p.set_value(std::make_unique<int>(42)); });
  EXPECT_EQ(*f.get(), 42);
  EXPECT_FALSE(f.valid());
  provider.join();
}

FIBER_TEST(future, brings_references_and_nothing_at_all) {
  int x = 1;
  weft::promise<int&> to_x;
  auto x_there = to_x.get_future();
  to_x.set_value(x);
  EXPECT_EQ(&x_there.get(), &x);
  weft::promise<void> done;
  auto is_done = done.get_future();
  auto waiter = weft::spawn([&] { is_done.get(); });
  await_parked(1, "future");
  done.set_value();
  waiter.join();
  const std::string copied = "copied";
  weft::promise<std::string> p;
  auto f = p.get_future();
  p.set_value(copied);
  EXPECT_EQ(f.get(), copied);
}

FIBER_TEST(future, throws_the_exception_that_was_set) {
  weft::promise<int> p;
  auto f = p.get_future();
  EXPECT_THROW(p.set_exception(nullptr), std::invalid_argument);
  p.set_exception(std::make_exception_ptr(std::runtime_error("mine")));
  f.wait();
  EXPECT_THROW(f.get(), std::runtime_error);
  EXPECT_FALSE(f.valid());
}

FIBER_TEST(future, that_is_shared_shows_one_value_to_all) {
  weft::promise<std::vector<int>> p;
  const weft::shared_future<std::vector<int>> f = p.get_future().share();
  std::vector<weft::join_handle<const std::vector<int>*>> all;
  for (int i = 0; i < 5; ++i) all.push_back(weft::spawn([f] { return &f.get(); }));
  const std::vector<int>* seen_by_thread = nullptr;
  std::thread plain([&, f] { seen_by_thread = &f.get(); });
  p.set_value({1, 2, 3});
  for (auto& each : all) EXPECT_EQ(each.join(), &f.get());
  plain.join();
  EXPECT_EQ(seen_by_thread, &f.get());
  EXPECT_EQ(f.get().size(), 3u);
  weft::shared_future<std::vector<int>> other = f, moved = std::move(other);
  EXPECT_FALSE(other.valid());  // NOLINT: what is left of it is the question
  EXPECT_TRUE(moved.valid());
  weft::promise<void> nothing;
  weft::shared_future<void> done = nothing.get_future();
  nothing.set_exception(std::make_exception_ptr(1));
  EXPECT_THROW(done.get(), int);
  EXPECT_THROW(done.get(), int);
}

FIBER_TEST(future, refuses_what_std_refuses_with_its_codes) {
  expect_error(std::future_errc::no_state, [] { weft::future<int>().wait(); });
  expect_error(std::future_errc::no_state, [] { (void)weft::future<int>().get(); });
  expect_error(std::future_errc::no_state, [] { (void)weft::shared_future<int>().wait_for(1s); });
  weft::promise<int> p;
  auto f = p.get_future();
  expect_error(std::future_errc::future_already_retrieved, [&] { (void)p.get_future(); });
  p.set_value(1);
  expect_error(std::future_errc::promise_already_satisfied, [&] { p.set_value(2); });
  expect_error(std::future_errc::promise_already_satisfied, [&] { p.set_exception(std::make_exception_ptr(1)); });
  EXPECT_EQ(f.get(), 1);
  const weft::promise<int> taken = std::move(p);
  expect_error(std::future_errc::no_state, [&] { p.set_value(1); });        // NOLINT
  expect_error(std::future_errc::no_state, [&] { (void)p.get_future(); });  // NOLINT
}

// As when the end of their runtime, or of their group, wakes the one who owes the value first.
FIBER_TEST(future, whose_promise_breaks_cancels_who_is_asked_to_end) {
  bool is_cancelled = false, is_valid = false;
  auto waiter = weft::spawn([&] {
    weft::promise<int> p;
    auto f = p.get_future();
    const std::stop_callback at_once(weft::this_fiber::stop_token(), [&] { p = weft::promise<int>(); });
    try {
      (void)f.get();
    } catch (const weft::cancelled&) {
      is_cancelled = true;
      is_valid = f.valid();
      throw;
    }
  });
  await_parked(1, "future");
  waiter.request_stop();
  EXPECT_THROW(waiter.join(), std::system_error);
  EXPECT_TRUE(is_cancelled);
  EXPECT_TRUE(is_valid);
}

FIBER_TEST(future, of_a_promise_that_goes_unkept_is_broken) {
  weft::future<int> f;
  {
    weft::promise<int> p;
    f = p.get_future();
    weft::promise<int> other = std::move(p);
    EXPECT_EQ(f.wait_for(0s), std::future_status::timeout);
  }
  EXPECT_EQ(f.wait_for(0s), std::future_status::ready);
  expect_error(std::future_errc::broken_promise, [&] { (void)f.get(); });
  weft::promise<int> p;
  f = p.get_future();
  p = weft::promise<int>();
  expect_error(std::future_errc::broken_promise, [&] { (void)f.get(); });
  weft::promise<int> a, b;
  f = a.get_future();
  swap(a, b);
  b.set_value(7);
  EXPECT_EQ(f.get(), 7);
}

FIBER_TEST(future, timed_waits_say_how_they_ended) {
  weft::promise<int> p;
  auto f = p.get_future();
  EXPECT_EQ(f.wait_for(1us), std::future_status::timeout);
  EXPECT_EQ(f.wait_until(std::chrono::system_clock::now()), std::future_status::timeout);
  auto waiter = weft::spawn([&] { return f.wait_for(1h); });
  await_parked(1, "future");
  p.set_value(1);
  EXPECT_EQ(waiter.join(), std::future_status::ready);
  EXPECT_EQ(f.wait_until(std::chrono::steady_clock::now() - 1s), std::future_status::ready);
}

FIBER_TEST(future, a_value_that_cannot_be_made_is_not_set) {
  struct fragile {
    explicit fragile(bool is_bad) : breaks(is_bad) {}
    fragile(const fragile& from) : breaks(from.breaks) {
      if (breaks) throw std::runtime_error("copied");
    }
    bool breaks;
  };
  weft::promise<fragile> p;
  auto f = p.get_future();
  const fragile bad(true), good(false);
  EXPECT_THROW(p.set_value(bad), std::runtime_error);
  EXPECT_EQ(f.wait_for(0s), std::future_status::timeout);
  p.set_value(good);
  EXPECT_FALSE(f.get().breaks);
}

FIBER_TEST(future, a_cancelled_waiter_goes_and_its_future_stays_valid) {
  weft::promise<int> p;
  auto f = p.get_future();
  auto waiter = weft::spawn([&] { return f.get(); });
  await_parked(1, "future");
  waiter.request_stop();
  EXPECT_THROW(waiter.join(), std::system_error);
  ASSERT_TRUE(f.valid());
  p.set_value(42);
  EXPECT_EQ(f.get(), 42);
}

// What asked the provider to end must not end the one who waits.
FIBER_TEST(future, never_brings_the_cancellation_of_its_provider) {
  weft::promise<int> p;
  auto f = p.get_future();
  auto provider = weft::spawn([&] {
    try {
      weft::this_fiber::sleep_for(1h);
    } catch (...) {
      p.set_exception(std::current_exception());
      throw;
    }
  });
  await_parked(1, "sleep");
  provider.request_stop();
  expect_error(std::future_errc::broken_promise, [&] { (void)f.get(); });
  EXPECT_THROW(provider.join(), std::system_error);
}

}  // namespace
