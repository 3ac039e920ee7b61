// What barrier.hpp promises, and the races around it.

#include <weft/sync/barrier.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/channel.hpp>

#include "await_parked.hpp"
#include "last_access.hpp"

namespace {

using weft::testing::await_parked;

constinit weft::barrier<> global_barrier{1};

FIBER_TEST(barrier, of_one_never_waits) {
  for (int i = 0; i < 3; ++i) global_barrier.arrive_and_wait();
  global_barrier.wait(global_barrier.arrive());
}

// Phase after phase the completion runs once, after all have written and before anybody goes on.
class walkers {
 public:
  static constexpr int k_phases = 50;
  static constexpr std::size_t k_all = 6;

  void walk(std::size_t me) {
    for (int phase = 1; phase <= k_phases; ++phase) {
      phase_of_[me] = phase;
      if (me % 2 == 0)
        turn_.arrive_and_wait();
      else
        turn_.wait(turn_.arrive());
      if (completed_ != phase) out_of_step_ = true;
    }
  }
  void expect_in_step() const {
    EXPECT_EQ(completed_, k_phases);
    EXPECT_FALSE(out_of_step_);
  }

 private:
  struct completion {
    walkers& all;
    void operator()() noexcept {
      ++all.completed_;
      for (const int each : all.phase_of_)
        if (each != all.completed_) all.out_of_step_ = true;
    }
  };

  std::vector<int> phase_of_ = std::vector<int>(k_all);  // plain: TSan sees an arrival that does not publish
  int completed_ = 0;
  std::atomic<bool> out_of_step_{false};
  weft::barrier<completion> turn_{k_all, completion{*this}};
};

FIBER_TEST(barrier, keeps_fibers_and_threads_in_step) {
  walkers all;
  std::vector<weft::join_handle<void>> fibers;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 3; ++i) fibers.push_back(weft::spawn([&, i] { all.walk(i); }));
  for (std::size_t i = 3; i < 5; ++i) threads.emplace_back([&, i] { all.walk(i); });
  all.walk(5);
  for (auto& each : fibers) each.join();
  for (auto& each : threads) each.join();
  all.expect_in_step();
}

TEST(barrier, keeps_two_runtimes_in_step) {
  walkers all;
  {
    weft::runtime one({.workers = 1}), other({.workers = 2});
    for (std::size_t i = 0; i < 3; ++i) one.go([&, i] { all.walk(i); });
    for (std::size_t i = 3; i < 5; ++i) other.go([&, i] { all.walk(i); });
    all.walk(5);
    one.stop();
    other.stop();
  }
  all.expect_in_step();
}

FIBER_TEST(barrier, who_arrives_by_more_or_drops_is_counted_so) {
  int completed = 0;
  const auto complete = [&]() noexcept { ++completed; };
  weft::barrier turn(4, complete);
  turn.wait(turn.arrive(4));
  (void)turn.arrive(2);
  turn.arrive_and_drop();
  auto waiter = weft::spawn([&] { turn.arrive_and_wait(); });
  waiter.join();
  EXPECT_EQ(completed, 2);
  EXPECT_THROW((void)turn.arrive(4), std::logic_error) << "three are expected now";
  turn.wait(turn.arrive(3));
  EXPECT_EQ(completed, 3);
}

FIBER_TEST(barrier, misuse_throws_and_changes_nothing) {
  EXPECT_THROW(weft::barrier<>(-1), std::invalid_argument);
  weft::barrier turn(2);
  EXPECT_THROW((void)turn.arrive(3), std::logic_error);
  EXPECT_THROW((void)turn.arrive(0), std::logic_error);
  auto token = turn.arrive();
  EXPECT_THROW((void)turn.arrive(2), std::logic_error);
  turn.arrive_and_drop();
  turn.wait(std::move(token));
  turn.arrive_and_wait();
}

// Nobody else can go on, nor arrive; and it is under no lock, so others may look at the barrier.
FIBER_TEST(barrier, a_completion_may_park_while_the_others_wait) {
  const weft::channel<int> gate;
  bool refused = false;
  std::atomic<bool> has_gone_on{false};
  const auto complete = [&]() noexcept { gate.recv(); };
  weft::barrier turn(2, complete);
  auto waiter = weft::spawn([&] {
    turn.arrive_and_wait();
    has_gone_on = true;
  });
  await_parked(1, "barrier");
  auto last = weft::spawn([&] { turn.arrive_and_wait(); });
  await_parked(1, "channel receive");
  try {
    (void)turn.arrive();
  } catch (const std::logic_error&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
  EXPECT_FALSE(has_gone_on);
  gate.send(1);
  waiter.join();
  last.join();
}

// A fiber that is asked to end meets the others all the same, runs the completion without being thrown at, and ends at
// the next cancellation point.
FIBER_TEST(barrier, waits_and_completions_are_no_cancellation_points) {
  bool completed = false, went_on = false;
  const auto complete = [&]() noexcept {
    weft::this_fiber::yield();  // a cancellation point elsewhere
    completed = true;
  };
  weft::barrier turn(2, complete);
  auto waiter = weft::spawn([&] {
    turn.arrive_and_wait();
    went_on = true;
    weft::this_fiber::yield();
  });
  await_parked(1, "barrier");
  waiter.request_stop();
  auto last = weft::spawn([&] {
    try {
      weft::this_fiber::sleep_for(std::chrono::hours(1));
    } catch (const weft::cancelled&) {
    }
    turn.arrive_and_wait();
  });
  await_parked(1, "sleep");
  await_parked(1, "barrier");
  last.request_stop();
  last.join();
  EXPECT_THROW(waiter.join(), std::system_error);
  EXPECT_TRUE(completed);
  EXPECT_TRUE(went_on);
}

struct for_two : weft::barrier<> {
  for_two() : barrier(2) {}
};

TEST(barrier, is_not_touched_by_the_last_arrival_once_a_wait_has_returned) {
  weft::testing::expect_no_access_after_wait<for_two>(
      1000, [](for_two&) {}, [](for_two& turn) { (void)turn.arrive(); },
      [](for_two& turn) { turn.arrive_and_wait(); });  // the other one arrives, and never waits
}

FIBER_TEST(barrier, may_be_destroyed_by_the_one_who_waits_as_soon_as_that_returns) {
  for (int n = 0; n < 500; ++n) {
    auto turn = std::make_unique<weft::barrier<>>(2);
    weft::go([raw = turn.get()] { (void)raw->arrive(); });
    if (n % 2 == 0) weft::this_fiber::yield();
    turn->arrive_and_wait();
  }
}

}  // namespace
