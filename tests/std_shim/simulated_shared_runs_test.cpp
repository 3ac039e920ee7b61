// singleflight and ticker under thousands of orders, beside copies that are broken in the way that each workload is
// there to find.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <support/simulated.hpp>
#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::await_stillness;
using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::fibers;
using weft::testing::join_all;
using weft::testing::must;

// --- One run at a time for each key.

// Looks for a run under way, and begins one, in two steps.
template <class Key, class Value>
class singleflight_in_two_steps {
 public:
  struct result {
    Value value;
    bool shared;
  };

  template <class F>
  result run(const Key& key, F f) {
    if (const auto there = find(key)) return {there->get(), true};
    weft::promise<Value> outcome;
    change(key, outcome.get_future().share());
    try {
      outcome.set_value(f());
    } catch (const std::runtime_error&) {
      outcome.set_exception(std::current_exception());
    }
    const auto mine = find(key);
    change(key, std::nullopt);
    return {mine ? mine->get() : Value(), false};
  }

 private:
  using run_under_way = std::optional<weft::shared_future<Value>>;

  run_under_way find(const Key& key) {
    const std::scoped_lock held(guard_);
    return under_way_[key];
  }
  void change(const Key& key, run_under_way to) {
    const std::scoped_lock held(guard_);
    under_way_[key] = std::move(to);
  }

  weft::mutex guard_;
  std::map<Key, run_under_way> under_way_;
};

// Runs for one key are numbered; the second fails.
template <class Singleflight>
void one_run_at_a_time() {
  Singleflight flights;
  std::atomic<int> running{0};
  std::atomic<int> runs{0};
  std::atomic<bool> was_twice{false};
  const auto work = [&] {
    if (++running != 1) was_twice = true;
    const int mine = ++runs;
    weft::this_fiber::yield();
    --running;
    if (mine == 2) throw std::runtime_error("the second");
    return mine;
  };
  fibers all;
  for (int i = 0; i < 4; ++i)
    all.push_back(weft::spawn([&] {
      const int before = runs;
      int value = 2;
      try {
        value = flights.run(7, work).value;
      } catch (const std::runtime_error&) {
      }
      must(value >= before && value <= runs, "the result of a run that was over");
    }));
  must(flights.run(8, [] { return 80; }).value == 80, "another key's value");
  join_all(all);
  must(!was_twice, "two run at once for one key");
}

TEST(simulated_singleflight, runs_once_at_a_time) { expect_holds(one_run_at_a_time<weft::singleflight<int, int>>); }
TEST(simulated_singleflight, runs_once_at_a_time_and_the_test_would_see_it) {
  expect_found(50, one_run_at_a_time<singleflight_in_two_steps<int, int>>);
}

// The first caller is cancelled, whenever that is: the others have their result. Who comes after a forget has a new
// one.
void the_first_caller_goes() {
  weft::singleflight<int, int> flights;
  const auto runs = std::make_shared<std::atomic<int>>(0);
  const auto work = [runs] {
    const int mine = ++*runs;
    weft::this_fiber::sleep_for(1us);
    return mine;
  };
  auto first = weft::spawn([&] { (void)flights.run(7, work); });
  auto second = weft::spawn([&] { must(flights.run(7, work).value >= 1, "no result"); });
  auto forgetting = weft::spawn([&] {
    const int before = *runs;
    flights.forget(7);
    must(flights.run(7, work).value > before, "a result of before it was forgotten");
  });
  first.request_stop();
  second.join();
  forgetting.join();
  first = {};
  await_stillness();
  must(*runs <= 3, "more runs than callers");
}

TEST(simulated_singleflight, goes_on_without_its_first_caller) { expect_holds(the_first_caller_goes); }

// --- Ticks.

// Stops, and leaves the tick that was waiting.
class ticker_that_leaves_one {
 public:
  explicit ticker_that_leaves_one(std::chrono::microseconds period) : real_(period) {}
  [[nodiscard]] const auto& ticks() const { return real_.ticks(); }
  void reset(std::chrono::microseconds period) const { real_.reset(period); }
  void stop() const {
    std::optional<weft::ticker::time_point> waiting;
    const bool was_there = real_.ticks().try_recv(waiting) == weft::channel_status::ok;
    real_.stop();
    if (was_there) real_.ticks().send(*waiting);
  }

 private:
  weft::ticker real_;
};

// Stopped just as a tick is due; begun anew just as another would have been.
template <class Ticker>
void stopped_and_begun_again() {
  const auto begin = weft::clock::now();
  const Ticker every(2us);
  const auto& ticks = every.ticks();
  must(*ticks.recv() >= begin + 2us, "the first tick came early");
  weft::this_fiber::sleep_for(2us);
  every.stop();
  std::optional<weft::ticker::time_point> tick;
  must(ticks.try_recv(tick) == weft::channel_status::empty, "a tick of before the stop");
  weft::this_fiber::sleep_for(10us);
  must(ticks.try_recv(tick) == weft::channel_status::empty, "a tick though it was stopped");
  auto other = weft::spawn([&every] { every.reset(3us); });
  const auto reset_at = weft::clock::now();
  other.join();
  for (int i = 1; i <= 3; ++i) {
    tick = ticks.recv();
    must(*tick == reset_at + i * 3us, "a tick is not a multiple of the period after the reset");
  }
}

TEST(simulated_ticker, has_no_tick_of_before_a_stop) { expect_holds(stopped_and_begun_again<weft::ticker>); }
TEST(simulated_ticker, has_no_tick_of_before_a_stop_and_the_test_would_see_it) {
  expect_found(50, stopped_and_begun_again<ticker_that_leaves_one>);
}

// The channel alone keeps it ticking, and its end ends the fiber that sends: else the simulation would not end.
void the_last_handle_ends_it() {
  std::optional<weft::ticker> every(1us);
  auto receiver = weft::spawn([ticks = every->ticks()] {
    for (int i = 0; i < 3; ++i) must(ticks.recv().has_value(), "closed, though nobody closes it");
  });
  auto copier = weft::spawn([copy = *every] { copy.reset(2us); });
  every.reset();
  receiver.join();
  copier.join();
}

TEST(simulated_ticker, ends_with_its_last_handle) { expect_holds(the_last_handle_ends_it); }

}  // namespace
