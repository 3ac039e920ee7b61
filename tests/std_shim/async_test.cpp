// What std_shim/async.hpp promises.

#include <weft/std_shim/async.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>

#include <weft/runtime/runtime.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/channel.hpp>
#include <weft/sync/event.hpp>
#include <weft/sync/latch.hpp>
#include <weft/sync/packaged_task.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::expect_error;

FIBER_TEST(async, brings_what_its_function_returns_or_throws) {
  weft::future<int> f = weft::async([] { return 42; });
  EXPECT_EQ(f.get(), 42);
  int x = 1;
  auto sum = weft::async([](std::unique_ptr<int> a, int& b) -> int& { return b += *a; }, std::make_unique<int>(2),
                         std::ref(x));
  EXPECT_EQ(&sum.get(), &x);
  EXPECT_EQ(x, 3);
  weft::async(std::launch::async, [&] { x = 4; }).get();
  EXPECT_EQ(x, 4);
  EXPECT_THROW(weft::async([]() -> int { throw std::runtime_error("mine"); }).get(), std::runtime_error);
}

FIBER_TEST(async, is_a_fiber_of_its_own) {
  auto f = weft::async(std::launch::async | std::launch::deferred, [] { return weft::this_fiber::get_id(); });
  EXPECT_NE(f.get(), weft::this_fiber::get_id());
}

FIBER_TEST(async, deferred_runs_on_whoever_waits_first_and_not_before) {
  int runs = 0;
  auto f = weft::async(
      std::launch::deferred, [&](int n) { return runs += n; }, 2);
  EXPECT_EQ(f.wait_for(0s), std::future_status::deferred);
  EXPECT_EQ(f.wait_until(std::chrono::steady_clock::now()), std::future_status::deferred);
  EXPECT_EQ(runs, 0);
  f.wait();
  EXPECT_EQ(f.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(f.get(), 2);
  EXPECT_EQ(runs, 2);
  {
    auto never = weft::async(std::launch::deferred, [&] { ++runs; });
  }
  EXPECT_EQ(runs, 2);
  auto id = weft::async(std::launch::deferred, [] { return weft::this_fiber::get_id(); });
  EXPECT_EQ(id.get(), weft::this_fiber::get_id());
  EXPECT_THROW(weft::async(std::launch::deferred, []() -> int { throw std::runtime_error("mine"); }).get(),
               std::runtime_error);
}

FIBER_TEST(async, deferred_runs_once_however_many_wait) {
  for (int n = 0; n < 50; ++n) {
    std::atomic<int> runs{0};
    const weft::shared_future<int> f = weft::async(std::launch::deferred, [&] {
      weft::this_fiber::yield();
      return ++runs;
    });
    std::vector<weft::join_handle<int>> all;
    for (int i = 0; i < 4; ++i) all.push_back(weft::spawn([f] { return f.get(); }));
    for (auto& each : all) EXPECT_EQ(each.join(), 1);
  }
}

FIBER_TEST(async, the_last_future_that_goes_joins) {
  std::atomic<bool> ended{false};
  const auto work = [&] {
    for (int i = 0; i < 5; ++i) weft::this_fiber::yield();
    ended = true;
  };
  { auto f = weft::async(work); }
  EXPECT_TRUE(ended.exchange(false));
  {
    std::optional<weft::shared_future<void>> first = weft::async(work).share();
    const weft::shared_future<void> last = *first;
    first.reset();
  }
  EXPECT_TRUE(ended.exchange(false));
  (void)weft::async(work);
  EXPECT_TRUE(ended.exchange(false));
  auto replaced = weft::async(work);
  replaced = weft::future<void>();
  EXPECT_TRUE(ended);
}

// What the function held is gone when get() returns.
FIBER_TEST(async, its_function_is_destroyed_when_get_returns) {
  for (int n = 0; n < 100; ++n) {
    auto cargo = std::make_shared<int>(n);
    const std::weak_ptr<int> left = cargo;
    EXPECT_EQ(weft::async([cargo = std::move(cargo)] { return *cargo; }).get(), n);
    EXPECT_TRUE(left.expired());
  }
}

// As in std, where a function that is called so is a thread's: its result is ready before its end.
FIBER_TEST(async, keeps_what_it_promised_for_its_end_before_get_returns) {
  weft::promise<void> p;
  const auto f = p.get_future();
  EXPECT_EQ(weft::async([&] {
              p.set_value_at_thread_exit();
              return 1;
            }).get(),
            1);
  EXPECT_EQ(f.wait_for(0s), std::future_status::ready);
}

FIBER_TEST(async, of_an_owner_who_throws_is_cancelled_and_joined) {
  std::atomic<bool> unwound{false};
  struct on_exit {
    std::atomic<bool>& flag;
    ~on_exit() { flag = true; }
  };
  weft::event begun;
  EXPECT_THROW(
      {
        auto f = weft::async([&] {
          const on_exit mark{unwound};
          begun.set();
          weft::channel<int>().recv();
        });
        begun.wait();
        throw std::runtime_error("mine");
      },
      std::runtime_error);
  EXPECT_TRUE(unwound);
}

FIBER_TEST(async, of_an_owner_who_is_cancelled_is_cancelled_too_and_breaks_its_promise) {
  weft::event begun;
  weft::shared_future<int> kept;
  auto owner = weft::spawn([&] {
    auto f = weft::async([&] {
      begun.set();
      return *weft::channel<int>().recv();
    });
    return f.get();
  });
  begun.wait();
  owner.request_stop();
  EXPECT_THROW(owner.join(), std::system_error);
}

// The end of its runtime cancels the fiber; the one who waits elsewhere is told so, and not asked to end.
TEST(async, whose_runtime_ends_breaks_its_promise) {
  weft::future<int> f;
  weft::run([&] {
    weft::event begun;
    f = weft::async([&] {
      begun.set();
      return *weft::channel<int>().recv();
    });
    begun.wait();
  });
  expect_error(std::future_errc::broken_promise, [&] { (void)f.get(); });
}

// Born into a runtime that ends, it is cancelled before its first turn.
TEST(async, that_never_began_breaks_its_promise) {
  struct async_at_exit {
    weft::future<int>& to;
    ~async_at_exit() {
      to = weft::async([] { return 1; });
    }
  };
  weft::future<int> f;
  weft::run([&] {
    weft::event begun;
    weft::go([&] {
      const async_at_exit last{f};
      begun.set();
      weft::channel<int>().recv();
    });
    begun.wait();
  });
  expect_error(std::future_errc::broken_promise, [&] { (void)f.get(); });
}

FIBER_TEST(async, deferred_and_cancelled_lets_the_cancellation_pass_and_tells_the_others) {
  weft::event begun;
  const weft::shared_future<int> f = weft::async(std::launch::deferred, [&] {
    begun.set();
    return *weft::channel<int>().recv();
  });
  bool went_on = false;
  auto runner = weft::spawn([&, f] {
    f.wait();
    went_on = true;
  });
  begun.wait();
  runner.request_stop();
  EXPECT_THROW(runner.join(), std::system_error);
  EXPECT_FALSE(went_on);
  expect_error(std::future_errc::broken_promise, [&] { (void)f.get(); });
}

FIBER_TEST(async, a_waiter_who_is_cancelled_leaves_the_result_to_the_others) {
  weft::event go_on;
  const weft::shared_future<int> f = weft::async([&] {
    go_on.wait();
    return 42;
  });
  auto waiter = weft::spawn([f] { return f.get(); });
  weft::testing::wait_until_all_parked();
  waiter.request_stop();
  EXPECT_THROW(waiter.join(), std::system_error);
  go_on.set();
  EXPECT_EQ(f.get(), 42);
}

TEST(async, a_plain_thread_waits_for_it_and_joins_it) {
  weft::runtime rt({.workers = 2});
  for (int n = 0; n < 100; ++n) {
    weft::future<int> f = rt.run([n] { return weft::async([n] { return n; }); });
    EXPECT_EQ(f.get(), n);
  }
}

TEST(async, outside_a_runtime_is_refused_unless_deferred) {
  EXPECT_THROW((void)weft::async([] {}), std::logic_error);
  EXPECT_EQ(weft::async(std::launch::deferred, [] { return 1; }).get(), 1);
  EXPECT_THROW((void)weft::async(std::launch{}, [] {}), std::invalid_argument);
}

FIBER_TEST(async, makes_a_tree) {
  struct tree {
    static int count(int depth) {
      if (depth == 0) return 1;
      auto left = weft::async(&tree::count, depth - 1);
      return count(depth - 1) + left.get();
    }
  };
  EXPECT_EQ(tree::count(8), 256);
}

// However they came by their own future.
FIBER_TEST(async, a_function_that_waits_for_its_own_result_is_told_so) {
  for (const auto policy : {std::launch::async, std::launch::deferred}) {
    weft::shared_future<void> own;
    weft::latch known(1);
    own = weft::async(policy, [&] {
      known.wait();
      own.wait();
    });
    known.count_down();
    expect_error(std::errc::resource_deadlock_would_occur, [&] { own.get(); });
  }
  weft::shared_future<void> of_task;
  weft::packaged_task<void()> task([&] { of_task.wait(); });
  of_task = task.get_future();
  task();
  expect_error(std::errc::resource_deadlock_would_occur, [&] { of_task.get(); });
}

}  // namespace
