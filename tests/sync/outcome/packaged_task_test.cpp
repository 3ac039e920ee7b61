// What packaged_task.hpp promises.

#include <weft/sync/packaged_task.hpp>

#include <future>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>

#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/channel.hpp>

#include "await_parked.hpp"

namespace {

using weft::testing::expect_error;

int halved(int n) { return n / 2; }

FIBER_TEST(packaged_task, sets_what_its_function_returns) {
  weft::packaged_task<int(int, std::unique_ptr<int>)> sum([](int a, std::unique_ptr<int> b) { return a + *b; });
  auto f = sum.get_future();
  auto runner = weft::spawn([&] { sum(1, std::make_unique<int>(2)); });
  EXPECT_EQ(f.get(), 3);
  runner.join();
  int x = 0;
  weft::packaged_task<int&()> reference([&]() -> int& { return x; });
  reference();
  EXPECT_EQ(&reference.get_future().get(), &x);
  weft::packaged_task<void()> nothing([] { return 1; });
  nothing();
  nothing.get_future().get();
}

FIBER_TEST(packaged_task, deduces_its_signature) {
  weft::packaged_task of_function(&halved);
  weft::packaged_task of_lambda([cargo = std::make_unique<int>(4)](int n) mutable noexcept { return n * *cargo; });
  static_assert(std::is_same_v<decltype(of_function), weft::packaged_task<int(int)>>);
  static_assert(std::is_same_v<decltype(of_lambda), weft::packaged_task<int(int)>>);
  of_function(8);
  of_lambda(8);
  EXPECT_EQ(of_function.get_future().get() + of_lambda.get_future().get(), 36);
}

FIBER_TEST(packaged_task, sets_what_its_function_throws) {
  weft::packaged_task<int()> fails([]() -> int { throw std::runtime_error("mine"); });
  fails();
  EXPECT_THROW(fails.get_future().get(), std::runtime_error);
}

FIBER_TEST(packaged_task, refuses_what_std_refuses_with_its_codes) {
  weft::packaged_task<int(int)> task;
  EXPECT_FALSE(task.valid());
  expect_error(std::future_errc::no_state, [&] { task(1); });
  expect_error(std::future_errc::no_state, [&] { task.reset(); });
  expect_error(std::future_errc::no_state, [&] { (void)task.get_future(); });
  task = weft::packaged_task<int(int)>(&halved);
  EXPECT_TRUE(task.valid());
  task(2);
  expect_error(std::future_errc::promise_already_satisfied, [&] { task(4); });
  auto f = task.get_future();
  expect_error(std::future_errc::future_already_retrieved, [&] { (void)task.get_future(); });
  EXPECT_EQ(f.get(), 1);
}

FIBER_TEST(packaged_task, can_be_reset_and_run_again) {
  int runs = 0;
  weft::packaged_task<int()> task([&] { return ++runs; });
  auto first = task.get_future();
  task();
  task.reset();
  auto second = task.get_future();
  task.reset();
  expect_error(std::future_errc::broken_promise, [&] { (void)second.get(); });
  auto third = task.get_future();
  task();
  EXPECT_EQ(first.get(), 1);
  EXPECT_EQ(third.get(), 2);
}

FIBER_TEST(packaged_task, that_goes_unrun_breaks_its_promise) {
  weft::future<int> f;
  {
    weft::packaged_task<int(int)> a(&halved), b;
    f = a.get_future();
    swap(a, b);
    EXPECT_FALSE(a.valid());
  }
  expect_error(std::future_errc::broken_promise, [&] { (void)f.get(); });
}

FIBER_TEST(packaged_task, that_is_cancelled_breaks_its_promise_and_ends_its_fiber) {
  weft::packaged_task<int()> task([] {
    weft::this_fiber::sleep_for(std::chrono::hours(1));
    return 1;
  });
  auto f = task.get_future();
  bool went_on = false;
  auto runner = weft::spawn([&] {
    task();
    went_on = true;
  });
  weft::testing::await_parked(1, "sleep");
  runner.request_stop();
  expect_error(std::future_errc::broken_promise, [&] { (void)f.get(); });
  EXPECT_THROW(runner.join(), std::system_error);
  EXPECT_FALSE(went_on);
}

// Tasks through a channel to fibers and a thread that run them.
FIBER_TEST(packaged_task, travels_to_whoever_runs_it) {
  using task = weft::packaged_task<int()>;
  const weft::channel<task> jobs;
  const auto serve = [jobs] {
    for (task& each : jobs) each();
  };
  auto fiber = weft::spawn(serve);
  std::thread plain(serve);
  for (int n = 0; n < 200; ++n) {
    task job([n] { return n; });
    auto f = job.get_future();
    jobs.send(std::move(job));
    EXPECT_EQ(f.get(), n);
  }
  jobs.close();
  fiber.join();
  plain.join();
}

}  // namespace
