// Room: tests of async. weft::await: fibers, and plain threads, that wait for what C++20 coroutines wait for.

#include <weft/await.hpp>

#include <atomic>
#include <coroutine>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include <async/lazy_task.hpp>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/fibers.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/with_timeout.hpp>
#include <weft/sync/event.hpp>
#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::fibers;
using weft::testing::join_all;
using weft::testing::lazy_task;
using weft::testing::wait_until;

// Resumed by whoever calls resume(), on his thread.
struct by_hand {
  std::atomic<std::coroutine_handle<>> waits{nullptr};

  auto operator co_await() noexcept {
    struct waits_here {
      by_hand& at;
      [[nodiscard]] bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> next) const noexcept { at.waits = next; }
      void await_resume() const noexcept {}
    };
    return waits_here{*this};
  }
  [[nodiscard]] bool is_waited_for() const { return waits.load() != nullptr; }
  void resume() { waits.exchange(nullptr).resume(); }
};

lazy_task<std::string> greeting(by_hand& turn, std::string name) {
  co_await turn;
  co_return "hello, " + name;
}

lazy_task<std::string> twice(by_hand& turn) {
  const std::string first = co_await greeting(turn, "one");
  const std::string second = co_await greeting(turn, "two");
  co_return first + "; " + second;
}

lazy_task<int> failing(by_hand& turn) {
  co_await turn;
  throw std::runtime_error("no page");
}

struct ready_with_reference {
  int& value;
  [[nodiscard]] bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  int& await_resume() const noexcept { return value; }
};

struct ready_with_a_passing_value {
  std::unique_ptr<int> value;
  [[nodiscard]] bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  std::unique_ptr<int>&& await_resume() noexcept { return std::move(value); }
};

// Goes on at once, by saying so in await_suspend.
struct turns_back {
  int answer;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  [[nodiscard]] bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
  [[nodiscard]] int await_resume() const noexcept { return answer; }
};

struct found_freely {
  int answer;
};
turns_back operator co_await(found_freely from) { return {from.answer}; }

}  // namespace

FIBER_TEST(await, a_fiber_parks_until_another_thread_has_resumed_the_coroutine) {
  by_hand turn;
  std::thread loop([&turn] {
    for (int i = 0; i < 2; ++i) {
      wait_until([&turn] { return turn.is_waited_for(); });
      turn.resume();
    }
  });
  EXPECT_EQ(weft::await(twice(turn)), "hello, one; hello, two");
  loop.join();
}

FIBER_TEST(await, many_fibers_wait_side_by_side) {
  constexpr int k_many = 50;
  std::vector<by_hand> turns(k_many);
  fibers all;
  std::atomic<int> done{0};
  for (int i = 0; i < k_many; ++i)
    all.push_back(weft::spawn([&, i] {
      EXPECT_EQ(weft::await(greeting(turns[static_cast<std::size_t>(i)], std::to_string(i))),
                "hello, " + std::to_string(i));
      ++done;
    }));
  for (by_hand& each : turns) wait_until([&each] { return each.is_waited_for(); });
  EXPECT_EQ(done, 0);
  for (by_hand& each : turns) each.resume();
  join_all(all);
  EXPECT_EQ(done, k_many);
}

FIBER_TEST(await, takes_every_kind_of_awaitable_and_result) {
  int there = 1;
  int& same = weft::await(ready_with_reference{there});
  EXPECT_EQ(&same, &there);
  static_assert(std::is_same_v<decltype(weft::await(ready_with_a_passing_value{})), std::unique_ptr<int>>);
  EXPECT_EQ(*weft::await(ready_with_a_passing_value{std::make_unique<int>(7)}), 7);
  EXPECT_EQ(weft::await(turns_back{2}), 2);
  EXPECT_EQ(weft::await(found_freely{3}), 3);
  static_assert(std::is_void_v<decltype(weft::await(std::suspend_never{}))>);
  weft::await(std::suspend_never{});
  by_hand turn;  // an lvalue with a member operator, and no value
  weft::join_handle<void> other = weft::spawn([&turn] {
    wait_until([&turn] { return turn.is_waited_for(); });
    turn.resume();
  });
  weft::await(turn);
  other.join();
}

FIBER_TEST(await, what_the_coroutine_throws_comes_out) {
  by_hand turn;
  weft::join_handle<void> other = weft::spawn([&turn] {
    wait_until([&turn] { return turn.is_waited_for(); });
    turn.resume();
  });
  try {
    (void)weft::await(failing(turn));
    FAIL() << "no exception";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "no page");
  }
  other.join();
}

TEST(await, a_plain_thread_waits_by_it_too) {
  by_hand turn;
  std::thread loop([&turn] {
    wait_until([&turn] { return turn.is_waited_for(); });
    turn.resume();
  });
  EXPECT_EQ(weft::await(greeting(turn, "thread")), "hello, thread");
  loop.join();
}

FIBER_TEST(await, the_coroutine_begins_on_the_fiber_and_may_park_there) {
  weft::channel<int> numbers;
  weft::go([numbers] { numbers.send(4); });
  const auto parks = [](weft::channel<int> from) -> lazy_task<int> { co_return *from.recv(); };
  EXPECT_EQ(weft::await(parks(numbers)), 4);
}

FIBER_TEST(await, a_fiber_that_is_asked_to_end_waits_until_the_coroutine_is_through) {
  by_hand turn;
  bool has_value = false;
  weft::join_handle<void> waiter = weft::spawn([&] {
    has_value = weft::await(greeting(turn, "late")) == "hello, late";
    weft::this_fiber::yield();
    ADD_FAILURE() << "went on";
  });
  wait_until([&turn] { return turn.is_waited_for(); });
  waiter.request_stop();
  turn.resume();
  weft::testing::expect_error(std::errc::operation_canceled, [&waiter] { waiter.join(); });
  EXPECT_TRUE(has_value);
  // Asked before it begins, it does not begin.
  weft::event asked;
  weft::join_handle<void> late = weft::spawn([&] {
    weft::shield([&asked] { asked.wait(); });
    (void)weft::await(greeting(turn, "never"));
  });
  late.request_stop();
  asked.set();
  weft::testing::expect_error(std::errc::operation_canceled, [&late] { late.join(); });
  EXPECT_FALSE(turn.is_waited_for());
}

FIBER_TEST(await, a_time_limit_that_is_over_is_told_once_the_coroutine_has_failed) {
  by_hand turn;
  std::atomic<bool> is_over{false};  // on a busy machine before the coroutine has begun: then it does not begin
  weft::join_handle<void> other = weft::spawn([&] {
    wait_until([&] { return turn.is_waited_for() || is_over.load(); });
    if (!turn.is_waited_for()) return;
    weft::this_fiber::sleep_for(2ms);
    turn.resume();
  });
  EXPECT_THROW((void)weft::with_timeout(1ms, [&turn] { return weft::await(failing(turn)); }), weft::timed_out);
  is_over = true;
  other.join();
}

// The request to end is its own; who waits for its coroutine was not asked.
FIBER_TEST(await, a_request_to_end_does_not_travel_with_the_coroutine) {
  by_hand turn;
  std::atomic<bool> sleeps_there{false};
  const auto sleeps = [&]() -> lazy_task<int> {
    co_await turn;
    sleeps_there = true;
    weft::this_fiber::sleep_for(1h);
    co_return 0;
  };
  weft::join_handle<void> host = weft::spawn([&turn] {
    wait_until([&turn] { return turn.is_waited_for(); });
    turn.resume();  // runs the coroutine, which sleeps here
  });
  weft::join_handle<void> asks = weft::spawn([&] {
    wait_until([&sleeps_there] { return sleeps_there.load(); });
    host.request_stop();
  });
  weft::testing::expect_error(std::errc::operation_canceled, [&sleeps] { (void)weft::await(sleeps()); });
  asks.join();
  host.join();  // it went on behind the coroutine
}
