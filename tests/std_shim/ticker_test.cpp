// What std_shim/ticker.hpp promises. Time is a clock that the test moves.

#include <weft/std_shim/ticker.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>
#include <support/manual_clock.hpp>

#include <weft/runtime/runtime.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/sync/select.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::wait_until;
using ticks = weft::channel<weft::ticker::time_point>;

std::size_t count_tickers() {
  std::size_t count = 0;
  for (const auto& fiber : weft::snapshot().fibers)
    if (fiber.name == "ticker") ++count;
  return count;
}

// Every ticker has seen all that was said to it, and waits for its next tick.
void await_tickers_at_rest() {
  wait_until([] {
    for (const auto& fiber : weft::snapshot().fibers)
      if (fiber.name == "ticker" &&
          !(fiber.state == weft::fiber_state::parked && std::string_view(fiber.waits_for) == "event"))
        return false;
    return true;
  });
}

// The ticker has sent, or dropped, what was due by now: it waits since the last move of the clock.
void await_ticked() {
  wait_until([] {
    for (const auto& fiber : weft::snapshot().fibers)
      if (fiber.name == "ticker") return fiber.state == weft::fiber_state::parked && fiber.since == 0ns;
    return false;
  });
}

// A runtime whose clock the test moves, and its test as the main fiber.
template <class Body>
void with_manual_clock(Body body) {
  weft::testing::manual_clock clock;
  weft::runtime rt({.workers = 2}, &clock);
  rt.run([&] {
    body([&](std::chrono::nanoseconds by) {
      await_tickers_at_rest();
      clock.advance(by, rt);
    });
  });
}

TEST(ticker, sends_a_tick_a_period) {
  with_manual_clock([](auto advance) {
    const weft::ticker every(10ms);
    std::optional<weft::ticker::time_point> last;
    for (int i = 0; i < 5; ++i) {
      weft::ticker::time_point none;
      EXPECT_EQ(every.ticks().try_recv(none), weft::channel_status::empty);
      advance(10ms);
      const auto tick = every.ticks().recv();
      EXPECT_EQ(*tick - last.value_or(*tick - 10ms), 10ms);
      last = tick;
    }
  });
}

TEST(ticker, drops_ticks_for_a_slow_receiver_and_keeps_its_step) {
  with_manual_clock([](auto advance) {
    const weft::ticker every(10ms);
    advance(10ms);
    await_ticked();
    advance(10ms);  // dropped: one waits already
    await_ticked();
    advance(25ms);  // two more, late: at 45 ms
    await_ticked();
    const auto first = *every.ticks().recv();
    weft::ticker::time_point none;
    EXPECT_EQ(every.ticks().try_recv(none), weft::channel_status::empty);
    advance(5ms);  // 50 ms
    EXPECT_EQ(*every.ticks().recv() - first, 40ms);
  });
}

TEST(ticker, after_a_stop_no_tick_comes_not_even_one_that_waited) {
  with_manual_clock([](auto advance) {
    const weft::ticker every(10ms);
    advance(10ms);
    await_ticked();
    EXPECT_EQ(every.ticks().size(), 1u);
    every.stop();
    EXPECT_EQ(every.ticks().size(), 0u);
    advance(100ms);
    await_tickers_at_rest();
    EXPECT_EQ(every.ticks().size(), 0u);
    every.reset(10ms);
    advance(10ms);
    EXPECT_TRUE(every.ticks().recv().has_value());
  });
}

TEST(ticker, after_a_reset_the_next_tick_comes_a_new_period_later) {
  with_manual_clock([](auto advance) {
    const weft::ticker every(10ms);
    advance(10ms);
    const auto first = *every.ticks().recv();
    advance(5ms);
    every.reset(20ms);
    advance(15ms);
    await_tickers_at_rest();
    EXPECT_EQ(every.ticks().size(), 0u);
    advance(5ms);
    EXPECT_EQ(*every.ticks().recv() - first, 25ms);
    advance(20ms);
    EXPECT_EQ(*every.ticks().recv() - first, 45ms);
  });
}

TEST(ticker, copies_are_one_ticker_and_the_channel_alone_is_enough) {
  with_manual_clock([](auto advance) {
    ticks alone(nullptr);
    {
      const weft::ticker every(10ms), same = every;
      EXPECT_EQ(same.ticks(), every.ticks());
      alone = same.ticks();
    }
    advance(10ms);
    EXPECT_TRUE(alone.recv().has_value());
    EXPECT_EQ(count_tickers(), 1u);
    alone = nullptr;
    wait_until([] { return count_tickers() == 0; });
  });
}

FIBER_TEST(ticker, ends_a_select_again_and_again) {
  const weft::ticker every(100us);
  const weft::channel<int> never;
  for (int i = 0; i < 10; ++i) {
    std::optional<weft::ticker::time_point> tick;
    std::optional<int> none;
    EXPECT_EQ(weft::select(weft::recv(never, none), weft::recv(every.ticks(), tick)), 1u);
    EXPECT_TRUE(tick.has_value());
  }
}

FIBER_TEST(ticker, may_end_before_its_fiber_has_begun) {
  for (int i = 0; i < 20; ++i) const weft::ticker every(1h);
  wait_until([] { return count_tickers() == 0; });
}

// Stopped, reset and dropped from several fibers while it ticks.
FIBER_TEST(ticker, may_be_used_by_many_at_once) {
  const weft::ticker every(20us);
  std::vector<weft::join_handle<void>> all;
  for (int i = 0; i < 3; ++i)
    all.push_back(weft::spawn([every, i] {
      for (int n = 0; n < 30; ++n) {
        if (i == 0) every.stop();
        every.reset(std::chrono::microseconds(10 + n));
        std::optional<weft::ticker::time_point> tick;
        if (n % 5 == 0) (void)every.ticks().recv_for(tick, 100us);
      }
    }));
  for (auto& each : all) each.join();
  every.reset(10us);
  EXPECT_TRUE(every.ticks().recv().has_value());
}

FIBER_TEST(ticker, that_was_moved_from_refuses_to_stop_and_to_begin_again) {
  weft::ticker from(std::chrono::hours(1));
  const weft::ticker to = std::move(from);
  EXPECT_THROW(from.stop(), std::logic_error);
  EXPECT_THROW(from.reset(std::chrono::hours(2)), std::logic_error);
  to.stop();
}

FIBER_TEST(ticker, refuses_a_period_that_is_not_positive) {
  EXPECT_THROW(weft::ticker(0s), std::invalid_argument);
  EXPECT_THROW(weft::ticker(-1s), std::invalid_argument);
  const weft::ticker every(std::chrono::hours::max());
  EXPECT_THROW(every.reset(0s), std::invalid_argument);
}

TEST(ticker, outside_a_runtime_is_refused) { EXPECT_THROW(weft::ticker(1s), std::logic_error); }

TEST(ticker, after_the_end_of_its_runtime_sends_nothing_and_refuses_nothing) {
  const weft::ticker kept = weft::run([] { return weft::ticker(1h); });
  kept.reset(1ns);
  kept.stop();
  EXPECT_EQ(kept.ticks().size(), 0u);
}

}  // namespace
