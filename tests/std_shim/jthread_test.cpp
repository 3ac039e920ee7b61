// What std_shim/jthread.hpp promises.

#include <weft/std_shim/jthread.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/runtime.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/channel.hpp>
#include <weft/sync/event.hpp>
#include <weft/sync/future.hpp>

namespace {

static_assert(!std::is_copy_constructible_v<weft::jthread>);
static_assert(std::is_nothrow_move_constructible_v<weft::jthread>);

FIBER_TEST(jthread, runs_a_function_that_takes_a_token_or_takes_none) {
  int sum = 0;
  weft::jthread with(
      [&](std::stop_token stop, int a, std::unique_ptr<int> b) { sum += stop.stop_possible() ? a + *b : 0; }, 1,
      std::make_unique<int>(2));
  with.join();
  weft::jthread without([&](int a) { sum += a; }, 4);
  without.join();
  EXPECT_EQ(sum, 7);
  EXPECT_FALSE(without.joinable());
  EXPECT_EQ(without.get_id(), weft::jthread::id());
}

FIBER_TEST(jthread, a_request_sets_the_token_and_throws_nothing_in_the_fiber) {
  bool was_thrown_at = false;
  weft::event seen;
  weft::jthread t([&](std::stop_token stop) {
    try {
      weft::testing::wait_until([&] { return stop.stop_requested(); });
      seen.set();
      for (int i = 0; i < 10; ++i) weft::this_fiber::yield();
    } catch (const weft::cancelled&) {
      was_thrown_at = true;
      throw;
    }
  });
  EXPECT_TRUE(t.request_stop());
  EXPECT_FALSE(t.request_stop());
  EXPECT_TRUE(t.get_stop_token().stop_requested());
  seen.wait();
  t.join();
  EXPECT_FALSE(was_thrown_at);
}

FIBER_TEST(jthread, its_destructor_requests_the_stop_and_joins) {
  bool ended = false;
  {
    const weft::jthread t([&](std::stop_token stop) {
      weft::event stopped;
      const std::stop_callback wake(stop, [&] { stopped.set(); });
      stopped.wait();
      weft::this_fiber::yield();
      ended = true;
    });
  }
  EXPECT_TRUE(ended);
}

FIBER_TEST(jthread, assigning_over_it_stops_and_joins_what_it_was) {
  std::atomic<int> ended{0};
  const auto until_stopped = [&](std::stop_token stop) {
    weft::testing::wait_until([&] { return stop.stop_requested(); });
    ++ended;
  };
  weft::jthread t(until_stopped);
  t = weft::jthread(until_stopped);
  EXPECT_EQ(ended, 1);
  EXPECT_TRUE(t.joinable());
  EXPECT_FALSE(t.get_stop_token().stop_requested());
  weft::jthread other;
  EXPECT_FALSE(other.get_stop_source().stop_possible());
  EXPECT_FALSE(other.request_stop());
  swap(t, other);
  EXPECT_FALSE(t.joinable());
  weft::jthread moved(std::move(other));
  auto& same = moved;
  moved = std::move(same);
  EXPECT_TRUE(moved.joinable());
  EXPECT_GT(weft::jthread::hardware_concurrency(), 0u);
}

// As std's, and unlike weft::thread: an exception of the owner requests the stop, and the function ends by itself.
FIBER_TEST(jthread, of_an_owner_who_throws_is_stopped_and_ends_by_itself) {
  bool ended = false;
  EXPECT_THROW(
      {
        const weft::jthread t([&](std::stop_token stop) {
          weft::testing::wait_until([&] { return stop.stop_requested(); });
          weft::this_fiber::sleep_for(std::chrono::microseconds(1));  // would throw in a fiber that is cancelled
          ended = true;
        });
        throw std::runtime_error("mine");
      },
      std::runtime_error);
  EXPECT_TRUE(ended);
}

FIBER_TEST(jthread, of_an_owner_who_is_cancelled_is_joined_all_the_same) {
  std::atomic<bool> ended{false}, begun{false};
  auto owner = weft::spawn([&] {
    const weft::jthread t([&](std::stop_token stop) {
      begun = true;
      weft::testing::wait_until([&] { return stop.stop_requested(); });
      ended = true;
    });
    weft::channel<int>().recv();
  });
  weft::testing::wait_until([&] { return begun.load(); });
  owner.request_stop();
  EXPECT_THROW(owner.join(), std::system_error);
  EXPECT_TRUE(ended);
}

FIBER_TEST(jthread, detached_it_goes_on_alone_and_can_still_be_asked_to_stop) {
  const weft::channel<int> done;
  std::stop_source source;
  {
    weft::jthread t([done](std::stop_token stop) {
      weft::testing::wait_until([&] { return stop.stop_requested(); });
      done.send(1);
    });
    source = t.get_stop_source();
    t.detach();
  }
  EXPECT_FALSE(source.stop_requested());
  source.request_stop();
  EXPECT_EQ(done.recv(), 1);
}

FIBER_TEST(jthread, keeps_what_it_promised_for_its_end_before_its_join_returns) {
  weft::promise<int> p;
  const auto f = p.get_future();
  {
    const weft::jthread t([&](std::stop_token stop) {
      p.set_value_at_thread_exit(1);
      weft::testing::wait_until([&] { return stop.stop_requested(); });
      EXPECT_EQ(f.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    });
  }
  EXPECT_EQ(f.wait_for(std::chrono::seconds(0)), std::future_status::ready);
}

FIBER_TEST(jthread, refuses_what_std_refuses) {
  EXPECT_THROW(weft::jthread().join(), std::system_error);
  EXPECT_THROW(weft::jthread().detach(), std::system_error);
}

TEST(jthread, outside_a_runtime_cannot_begin) {
  EXPECT_THROW(weft::jthread([] {}), std::logic_error);
}

}  // namespace
