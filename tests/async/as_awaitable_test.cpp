// Room: tests of async. co_await weft::as_awaitable: coroutines that wait for what fibers wait for.

#include <weft/await.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <async/lazy_task.hpp>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/sync/event.hpp>
#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::detached_coroutine;
using weft::testing::lazy_task;

lazy_task<int> sum_of(weft::channel<int> numbers) {
  int sum = 0;
  while (const std::optional<int> each = co_await weft::as_awaitable(numbers)) sum += *each;
  co_return sum;
}

lazy_task<std::string> all_kinds() {
  weft::join_handle<std::string> fiber = weft::spawn([] { return std::string("a fiber"); });
  weft::promise<int> promised;
  weft::promise<std::string> shared;
  weft::shared_future<std::string> seen = shared.get_future().share();
  weft::go([&] {
    promised.set_value(2);
    shared.set_value("all");
  });
  std::string said = co_await weft::as_awaitable(fiber);
  said += ", " + std::to_string(co_await weft::as_awaitable(promised.get_future()));
  said += ", " + co_await weft::as_awaitable(seen) + seen.get();
  co_await weft::as_awaitable(weft::spawn([] { weft::this_fiber::yield(); }));
  co_return said;
}

lazy_task<int> meets_a_failure() {
  co_return co_await weft::as_awaitable(weft::spawn([]() -> int { throw std::runtime_error("broken"); }));
}

}  // namespace

FIBER_TEST(as_awaitable, a_coroutine_takes_values_from_a_channel_until_it_is_closed) {
  weft::channel<int> numbers;
  weft::go([numbers] {
    for (int i = 1; i <= 20; ++i) numbers.send(i);
    numbers.close();
  });
  EXPECT_EQ(weft::await(sum_of(numbers)), 210);
  weft::channel<int> there(3);
  for (int i = 1; i <= 3; ++i) there.send(i);
  there.close();
  EXPECT_EQ(weft::await(sum_of(there)), 6);  // nothing to wait for
}

FIBER_TEST(as_awaitable, waits_for_fibers_and_futures) { EXPECT_EQ(weft::await(all_kinds()), "a fiber, 2, allall"); }

FIBER_TEST(as_awaitable, what_the_fiber_threw_comes_out_of_co_await) {
  EXPECT_THROW((void)weft::await(meets_a_failure()), std::runtime_error);
}

FIBER_TEST(as_awaitable, the_coroutine_goes_on_in_a_fiber_and_may_park_there) {
  weft::event may_end;
  std::atomic<bool> was_on_fiber{false};
  weft::channel<int> numbers;
  weft::promise<void> over;
  weft::future<void> end = over.get_future();
  [](auto& event, auto& on_fiber, weft::channel<int> from, weft::promise<void> done) -> detached_coroutine {
    (void)co_await weft::as_awaitable(from);
    on_fiber = weft::this_fiber::get_id() != weft::fiber_id();
    event.wait();
    done.set_value();
  }(may_end, was_on_fiber, numbers, std::move(over));
  numbers.send(1);
  EXPECT_EQ(end.wait_for(0s), weft::future_status::timeout);
  may_end.set();
  end.get();
  EXPECT_TRUE(was_on_fiber);
}

FIBER_TEST(as_awaitable, a_coroutine_that_is_destroyed_while_it_waits_waits_no_more) {
  weft::channel<int> numbers;
  {
    lazy_task<int> forgotten = sum_of(numbers);
    forgotten.begin();
    EXPECT_FALSE(forgotten.is_done());
    weft::this_fiber::yield();
  }
  // Nobody receives in its name: what is sent is taken by who comes now, or not at all.
  EXPECT_EQ(numbers.send_for(1, 0s), weft::channel_status::timeout);
  weft::join_handle<void> fiber = weft::spawn([] { weft::this_fiber::sleep_for(1h); });
  {
    lazy_task<int> forgotten = [](auto& handle) -> lazy_task<int> {
      co_await weft::as_awaitable(handle);
      co_return 0;
    }(fiber);
    forgotten.begin();
  }
  EXPECT_TRUE(fiber.joinable());  // as an lvalue it stays where it is
}

FIBER_TEST(as_awaitable, destroying_it_races_the_first_turn_of_who_waits_in_its_place) {
  weft::channel<int> numbers;
  for (int i = 0; i < 50; ++i) {
    lazy_task<int> forgotten = sum_of(numbers);
    forgotten.begin();
    if (i % 3 == 0) weft::this_fiber::yield();
    if (i % 3 == 1) weft::this_fiber::sleep_for(std::chrono::microseconds(i));
    EXPECT_FALSE(forgotten.is_done());
  }
  EXPECT_EQ(numbers.send_for(1, 0s), weft::channel_status::timeout);
}

TEST(as_awaitable, on_a_plain_thread_it_waits_in_a_runtime_of_the_process) {
  weft::channel<int> numbers;
  weft::promise<int> over;
  weft::future<int> end = over.get_future();
  [](weft::channel<int> from, weft::promise<int> done) -> detached_coroutine {
    const int sum = co_await sum_of(from);
    done.set_value(weft::detail::on_fiber() ? sum : -1);
  }(numbers, std::move(over));
  for (int i = 1; i <= 5; ++i) numbers.send(i);
  numbers.close();
  EXPECT_EQ(end.get(), 15);
  weft::testing::wait_until_nothing_lives();
}

TEST(as_awaitable, the_end_of_the_runtime_ends_the_wait) {
  weft::channel<int> numbers;
  std::optional<std::error_code> met;
  weft::run([&] {
    [](weft::channel<int> from, std::optional<std::error_code>& code) -> detached_coroutine {
      try {
        (void)co_await weft::as_awaitable(from);
      } catch (const std::system_error& e) {
        code = e.code();
      }
    }(numbers, met);
  });
  ASSERT_TRUE(met);
  EXPECT_EQ(*met, std::errc::operation_canceled);
}

TEST(as_awaitable, a_coroutine_that_cannot_have_a_helper_meets_the_refusal) {
  weft::run({.workers = 1}, [] {
    weft::promise<int> never;
    weft::future<int> future = never.get_future();
    weft::future<int> none;
    EXPECT_EQ(weft::await([](auto& from) -> lazy_task<int> {
                try {
                  co_return co_await weft::as_awaitable(from);
                } catch (const std::future_error& e) {
                  co_return e.code() == std::future_errc::no_state ? 1 : 2;
                }
              }(none)),
              1);
    weft::join_handle<void> nothing;
    weft::testing::expect_error(std::errc::invalid_argument, [&nothing] {
      (void)weft::await([](auto& from) -> lazy_task<int> {
        co_await weft::as_awaitable(from);
        co_return 0;
      }(nothing));
    });
  });
}
