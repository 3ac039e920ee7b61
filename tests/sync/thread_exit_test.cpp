// What is set, run or notified at the end of a thread: promise's ..._at_thread_exit, packaged_task's
// make_ready_at_thread_exit, and notify_all_at_thread_exit. For each end of a fiber, and for plain threads.

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/simulated.hpp>

#include <weft/runtime/fiber_local.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/condition_variable.hpp>
#include <weft/sync/event.hpp>
#include <weft/sync/future.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/packaged_task.hpp>

#include "await_parked.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::expect_error;

template <class Future>
bool is_ready(const Future& f) {
  return f.wait_for(0s) == std::future_status::ready;
}

std::exception_ptr some_failure() { return std::make_exception_ptr(std::runtime_error("some failure")); }

// body() on a fiber, and on a plain thread; look() when it has ended.
template <class Body, class Look>
void on_each_kind(Body body, Look look) {
  weft::spawn(std::ref(body)).join();
  look();
  std::thread(std::ref(body)).join();
  look();
}

// --- promise

FIBER_TEST(thread_exit, a_promise_is_kept_at_the_end_and_satisfied_at_once) {
  weft::future<std::string> value;
  weft::future<int&> reference;
  weft::future<void> nothing, failure;
  int there = 0;
  const auto body = [&] {
    weft::promise<std::string> text;
    weft::promise<int&> to_there;
    weft::promise<void> bare, failed;
    value = text.get_future();
    reference = to_there.get_future();
    nothing = bare.get_future();
    failure = failed.get_future();
    text.set_value_at_thread_exit("text");
    to_there.set_value_at_thread_exit(there);
    bare.set_value_at_thread_exit();
    failed.set_exception_at_thread_exit(some_failure());
    const auto already = std::future_errc::promise_already_satisfied;
    expect_error(already, [&] { text.set_value("again"); });
    expect_error(already, [&] { text.set_value_at_thread_exit("again"); });
    expect_error(already, [&] { failed.set_exception(some_failure()); });
    expect_error(already, [&] { failed.set_exception_at_thread_exit(some_failure()); });
    weft::this_fiber::yield();
    EXPECT_FALSE(is_ready(value) || is_ready(reference) || is_ready(nothing) || is_ready(failure));
  };  // the promises go first, and break nothing
  on_each_kind(body, [&] {
    EXPECT_TRUE(is_ready(value) && is_ready(reference) && is_ready(nothing) && is_ready(failure));
    EXPECT_EQ(value.get(), "text");
    EXPECT_EQ(&reference.get(), &there);
    nothing.get();
    EXPECT_THROW(failure.get(), std::runtime_error);
  });
}

FIBER_TEST(thread_exit, a_waiter_is_woken_by_the_end) {
  weft::promise<int> p;
  const weft::shared_future<int> f = p.get_future();
  weft::event may_end;
  auto provider = weft::spawn([&] {
    p.set_value_at_thread_exit(4);
    may_end.wait();
  });
  auto waiter = weft::spawn([f] { return f.get(); });
  std::thread plain([f] { EXPECT_EQ(f.get(), 4); });
  weft::testing::await_parked(1, "future");
  EXPECT_EQ(f.wait_for(1ms), std::future_status::timeout);
  may_end.set();
  EXPECT_EQ(waiter.join(), 4);
  plain.join();
  provider.join();
}

// What the function holds, and its fiber_locals, are gone by then.
FIBER_TEST(thread_exit, comes_after_all_that_the_thread_had) {
  struct last {
    std::atomic<bool>* gone;
    explicit last(std::atomic<bool>& flag) : gone(&flag) {}
    ~last() { *gone = true; }
  };
  std::atomic<bool> closure_gone{false}, local_gone{false};
  const weft::fiber_local<last> local([&] { return last(local_gone); });
  weft::promise<void> p;
  auto f = p.get_future();
  weft::go([&, cargo = std::make_unique<last>(closure_gone)] {
    p.set_value_at_thread_exit();
    static_cast<void>(local.get());
    local_gone = false;
    weft::this_fiber::yield();
  });
  f.get();
  EXPECT_TRUE(closure_gone);
  EXPECT_TRUE(local_gone);
}

FIBER_TEST(thread_exit, a_cancelled_fiber_keeps_what_it_promised) {
  weft::promise<int> p;
  auto f = p.get_future();
  auto provider = weft::spawn([&] {
    p.set_value_at_thread_exit(5);
    weft::this_fiber::sleep_for(1h);
  });
  weft::testing::await_parked(1, "sleep");
  EXPECT_FALSE(is_ready(f));
  provider.request_stop();
  EXPECT_EQ(f.get(), 5);
  EXPECT_THROW(provider.join(), std::system_error);
}

// weft::cancelled asks one fiber to end, and nobody else.
FIBER_TEST(thread_exit, a_cancellation_that_is_set_breaks_the_promise) {
  weft::promise<int> p;
  auto f = p.get_future();
  auto provider = weft::spawn([&] {
    try {
      weft::this_fiber::sleep_for(1h);
    } catch (...) {
      p.set_exception_at_thread_exit(std::current_exception());
      throw;
    }
  });
  weft::testing::await_parked(1, "sleep");
  provider.request_stop();
  expect_error(std::future_errc::broken_promise, [&] { static_cast<void>(f.get()); });
  EXPECT_THROW(provider.join(), std::system_error);
}

FIBER_TEST(thread_exit, the_value_is_kept_till_the_end_and_no_longer) {
  std::weak_ptr<int> left;
  on_each_kind(
      [&] {
        auto cargo = std::make_shared<int>(1);
        left = cargo;
        weft::promise<std::shared_ptr<int>>().set_value_at_thread_exit(std::move(cargo));
        weft::this_fiber::yield();
        EXPECT_EQ(left.use_count(), 1);
      },
      [&] { EXPECT_TRUE(left.expired()); });
}

struct copy_fails {
  copy_fails() = default;
  copy_fails(const copy_fails&) { throw std::runtime_error("not copied"); }
  copy_fails(copy_fails&&) noexcept {}
};

FIBER_TEST(thread_exit, a_value_that_cannot_be_made_is_not_set_then_either) {
  weft::promise<copy_fails> p;
  auto f = p.get_future();
  const copy_fails original;
  weft::spawn([&] { EXPECT_THROW(p.set_value_at_thread_exit(original), std::runtime_error); }).join();
  EXPECT_FALSE(is_ready(f));
  p.set_value(copy_fails());
  EXPECT_TRUE(is_ready(f));
}

FIBER_TEST(thread_exit, what_cannot_be_set_is_refused) {
  weft::promise<int> none;
  const weft::promise<int> taken(std::move(none));
  expect_error(std::future_errc::no_state, [&] { none.set_value_at_thread_exit(1); });
  expect_error(std::future_errc::no_state, [&] { none.set_exception_at_thread_exit(some_failure()); });
  weft::promise<int> p;
  EXPECT_THROW(p.set_exception_at_thread_exit(nullptr), std::invalid_argument);
  p.set_value(1);
  expect_error(std::future_errc::promise_already_satisfied, [&] { p.set_value_at_thread_exit(2); });
}

// --- packaged_task

FIBER_TEST(thread_exit, a_task_runs_at_once_and_is_ready_at_the_end) {
  weft::future<int> result, failure;
  int runs = 0;
  const auto body = [&] {
    weft::packaged_task<int(int)> task([&](int n) { return runs += n; });
    weft::packaged_task<int()> fails([]() -> int { throw std::runtime_error("mine"); });
    result = task.get_future();
    failure = fails.get_future();
    runs = 0;
    task.make_ready_at_thread_exit(3);
    fails.make_ready_at_thread_exit();
    EXPECT_EQ(runs, 3);
    expect_error(std::future_errc::promise_already_satisfied, [&] { task(1); });
    expect_error(std::future_errc::promise_already_satisfied, [&] { task.make_ready_at_thread_exit(1); });
    EXPECT_FALSE(is_ready(result) || is_ready(failure));
  };
  on_each_kind(body, [&] {
    EXPECT_TRUE(is_ready(result) && is_ready(failure));
    EXPECT_EQ(result.get(), 3);
    EXPECT_THROW(failure.get(), std::runtime_error);
  });
}

FIBER_TEST(thread_exit, a_task_can_be_reset_before_the_end) {
  int runs = 0;
  weft::packaged_task<int()> task([&] { return ++runs; });
  auto first = task.get_future();
  weft::future<int> second;
  weft::spawn([&] {
    task.make_ready_at_thread_exit();
    task.reset();
    second = task.get_future();
    task();
    EXPECT_TRUE(is_ready(second));
    EXPECT_FALSE(is_ready(first));
  }).join();
  EXPECT_EQ(first.get(), 1);
  EXPECT_EQ(second.get(), 2);
}

FIBER_TEST(thread_exit, a_task_that_is_cancelled_breaks_its_promise_at_the_end) {
  weft::packaged_task<void()> task([] { weft::this_fiber::sleep_for(1h); });
  auto f = task.get_future();
  bool went_on = false;
  auto runner = weft::spawn([&] {
    task.make_ready_at_thread_exit();
    went_on = true;
  });
  weft::testing::await_parked(1, "sleep");
  runner.request_stop();
  expect_error(std::future_errc::broken_promise, [&] { f.get(); });
  EXPECT_THROW(runner.join(), std::system_error);
  EXPECT_FALSE(went_on);
}

// --- notify_all_at_thread_exit

// Who has the mutex and sees that it is over may destroy both at once.
struct ending {
  weft::mutex m;
  weft::condition_variable cv;
  bool over = false;

  void begin() {
    notify_all_at_thread_exit(cv, std::unique_lock(m));
    weft::this_fiber::yield();
    over = true;
  }
  void wait() {
    std::unique_lock lock(m);
    cv.wait(lock, [this] { return over; });
  }
};

FIBER_TEST(thread_exit, notifies_whoever_waits_and_touches_nothing_then) {
  for (int n = 0; n < 4; ++n) {
    auto of_fiber = std::make_unique<ending>(), of_thread = std::make_unique<ending>();
    weft::go([e = of_fiber.get()] { e->begin(); });
    std::thread plain([e = of_thread.get()] { e->begin(); });
    of_fiber->wait();
    of_fiber.reset();
    of_thread->wait();
    of_thread.reset();
    plain.join();
  }
}

FIBER_TEST(thread_exit, keeps_the_mutex_locked_till_the_end) {
  ending e;
  on_each_kind(
      [&] {
        e.begin();
        EXPECT_FALSE(std::unique_lock(e.m, std::try_to_lock).owns_lock());
      },
      [&] { EXPECT_TRUE(std::unique_lock(e.m, std::try_to_lock).owns_lock()); });
}

FIBER_TEST(thread_exit, refuses_a_mutex_that_is_not_locked) {
  ending e;
  EXPECT_THROW(notify_all_at_thread_exit(e.cv, std::unique_lock(e.m, std::defer_lock)), std::system_error);
  EXPECT_THROW(notify_all_at_thread_exit(e.cv, std::unique_lock<weft::mutex>()), std::system_error);
}

TEST(simulated_thread_exit, ends_every_wait) {
  weft::testing::expect_holds([] {
    ending e;
    weft::promise<int> p;
    auto f = p.get_future();
    weft::go([&] {
      p.set_value_at_thread_exit(1);
      e.begin();
    });
    weft::task_group waiters;
    for (int i = 0; i < 2; ++i) waiters.go([&] { e.wait(); });
    waiters.wait();
    weft::testing::must(f.get() == 1, "the value is there");
  });
}

}  // namespace
