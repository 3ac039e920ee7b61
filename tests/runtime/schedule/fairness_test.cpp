// How long anybody waits who is ready, in turns of a worker: exactly, for one worker on a clock that stands still. What
// the bounds follow from: a look around comes every 61st turn, the next slot goes before the ring at most 16 times in a
// row, the ring holds 256 and is first in, first out, an operation budget is 128.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include <support/fiber_test.hpp>
#include <support/still_runtime.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "scheduler.hpp"
#include "switching.hpp"
#include "this_worker.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weft::detail;
using weft::testing::still_runtime;

constexpr std::uint64_t k_turns_between_looks = 61;
constexpr std::uint64_t k_most_next_in_a_row = 16;
constexpr std::uint64_t k_ring = 256;

// How many switches the worker of the calling fiber has made.
std::uint64_t turn_now() { return this_worker()->turn; }

class fairness : public testing::Test {
 protected:
  void SetUp() override {
    if (k_is_sanitized) GTEST_SKIP() << "half of all wake-ups go elsewhere under sanitizers: no order is promised";
  }
};

// Fibers that are always ready, and nothing else: with the one that makes them one more.
class busy_fibers {
 public:
  explicit busy_fibers(
      std::size_t count, weft::spawn_options how = {}, std::function<void()> each_turn = [] {}) {
    std::size_t begun = 0;
    for (std::size_t i = 0; i < count; ++i)
      fibers_.push_back(weft::spawn(how, [this, &begun, each_turn] {
        ++begun;
        for (; !over_ && turns_ < k_enough; weft::this_fiber::yield(), ++turns_) each_turn();
      }));
    while (begun != count) weft::this_fiber::yield();
  }
  ~busy_fibers() {
    over_ = true;
    for (auto& each : fibers_) each.join();
  }
  busy_fibers(const busy_fibers&) = delete;
  busy_fibers& operator=(const busy_fibers&) = delete;

 private:
  static constexpr std::uint64_t k_enough =
      1'000'000;  // so that whom they starve fails a test, and does not hang in it

  bool over_ = false;
  std::uint64_t turns_ = 0;
  std::vector<weft::join_handle<void>> fibers_;
};

// Spends no operation, so that it never yields twice.
void yield_once() { yield_now(*this_fiber_block()); }

// --- The operation budget.

TEST_F(fairness, a_fiber_that_never_parks_yields_after_every_128_operations) {
  still_runtime(1).run([] {
    int running = -1, operations = 0;
    std::vector<int> in_a_row;
    const auto operate = [&](int me) {
      for (int i = 0; i < 1000; ++i) {
        if (running != me && running >= 0) in_a_row.push_back(std::exchange(operations, 0));
        running = me;
        ++operations;
        switch_point();
      }
    };
    auto one = weft::spawn(operate, 0), other = weft::spawn(operate, 1);
    one.join();
    other.join();
    in_a_row.resize(in_a_row.size() - 1);  // the last ones of who ends first
    ASSERT_GE(in_a_row.size(), 12u);
    for (const int each : in_a_row) EXPECT_EQ(each, 128);
  });
}

TEST_F(fairness, spawning_spends_no_operation_and_never_yields) {
  still_runtime(1).run([] {
    int ran = 0;
    for (int i = 0; i < 1000; ++i) {
      weft::go([&ran] { ++ran; });
      ASSERT_EQ(ran, 0);
    }
    weft::testing::wait_until([&ran] { return ran == 1000; });
  });
}

// --- The next slot.

// Two fibers that wake each other, always through the next slot.
class ping_pong {
 public:
  ping_pong() {
    sides_[0] = weft::spawn([this] { play(0); });
    sides_[1] = weft::spawn([this] { play(1); });
    while (tokens_[0].who == nullptr || tokens_[1].who == nullptr) weft::this_fiber::yield();
    unpark(claim(tokens_[0], wake_reason::ready));
  }
  ~ping_pong() {
    over_ = true;
    for (auto& each : sides_) each.join();
  }

 private:
  void play(int me) {
    while (!over_) {
      tokens_[me] = arm(cancellation::ignored);
      if (is_playing_) unpark(claim(tokens_[1 - me], wake_reason::ready));
      (void)park(tokens_[me], weft::deadline::never(), "ping");
      is_playing_ = true;
    }
    if (const claimed won = claim(tokens_[1 - me], wake_reason::ready)) unpark(won);
  }

  bool over_ = false;
  bool is_playing_ = false;
  wait_token tokens_[2];
  weft::join_handle<void> sides_[2];
};

TEST_F(fairness, beside_a_ping_pong_the_ring_has_every_17th_turn) {
  for (const std::uint64_t in_ring : {1u, 2u, 7u, 100u}) {
    still_runtime(1).run([in_ring] {
      const ping_pong pair;
      const busy_fibers others(in_ring - 1);  // and this one
      weft::this_fiber::yield();
      for (int i = 0; i < 20; ++i) {
        const std::uint64_t before = turn_now();
        weft::this_fiber::yield();
        EXPECT_EQ(turn_now() - before, (k_most_next_in_a_row + 1) * in_ring);
      }
    });
  }
}

// --- What comes from outside.

// Spawned by a plain thread while the worker stands still; in how many turns it began.
std::uint64_t turns_until_a_spawn_from_outside_begins(still_runtime& still) {
  const std::uint64_t from = turn_now();
  std::uint64_t began_at = 0;
  std::thread([&] { still.get().go([&began_at] { began_at = turn_now(); }); }).join();
  weft::testing::wait_until([&began_at] { return began_at != 0; });
  return began_at - from;
}

// A look around, and all that were in the ring before.
TEST_F(fairness, one_spawned_from_outside_begins_within_61_turns_and_a_ring) {
  for (const std::uint64_t ready : {2u, 30u, 100u, 255u}) {
    still_runtime still(1);
    still.run([&] {
      const busy_fibers others(ready - 1);
      for (std::uint64_t round = 0; round < 20; ++round) {
        EXPECT_LE(turns_until_a_spawn_from_outside_begins(still), k_turns_between_looks + ready) << ready;
        for (std::uint64_t i = 0; i < round; ++i) weft::this_fiber::yield();  // at another distance from the next look
      }
    });
  }
}

TEST_F(fairness, one_spawned_from_outside_beside_a_full_ring_begins_within_61_turns_and_a_ring) {
  still_runtime still(1);
  still.run([&] {
    const busy_fibers others(k_ring - 1);
    EXPECT_LE(turns_until_a_spawn_from_outside_begins(still), k_turns_between_looks + k_ring);
  });
}

// One that parked and is woken by a plain thread: it has begun, and does not wait for those that have not.
TEST_F(fairness, one_woken_from_outside_runs_within_61_turns_and_a_ring_whoever_was_spawned_before) {
  still_runtime still(1);
  still.run([&] {
    const busy_fibers others(99);
    std::uint64_t woken_at = 0;
    wait_token token;
    auto sleeper = weft::spawn([&] {
      token = arm(cancellation::ignored);
      (void)park(token, weft::deadline::never(), "outside");
      woken_at = turn_now();
    });
    while (token.who == nullptr) weft::this_fiber::yield();
    weft::this_fiber::yield();
    const std::uint64_t from = turn_now();
    int ended = 0;
    std::thread([&] {
      for (int i = 0; i < 500; ++i) still.get().go([&ended] { ++ended; });
      unpark(claim(token, wake_reason::ready));
    }).join();
    sleeper.join();
    EXPECT_LE(woken_at - from, k_turns_between_looks + k_ring);
    weft::testing::wait_until([&ended] { return ended == 500; });
  });
}

// --- More ready fibers than a ring holds.

// Fibers that do nothing but yield, `each` times; the longest that one of them waited for its next turn.
std::uint64_t longest_wait_among_yielders(std::size_t fibers, int each) {
  std::uint64_t longest = 0;
  std::size_t begun = 0;
  std::vector<weft::join_handle<void>> yielders;
  for (std::size_t i = 0; i < fibers; ++i)
    yielders.push_back(weft::spawn([&, each] {
      ++begun;
      while (begun != fibers) yield_once();
      for (int round = 0; round < each; ++round) {
        const std::uint64_t before = turn_now();
        yield_once();
        longest = std::max(longest, turn_now() - before);
      }
    }));
  for (auto& fiber : yielders) fiber.join();
  return longest;
}

TEST_F(fairness, among_more_fibers_than_a_ring_holds_each_has_its_turn) {
  for (const std::size_t fibers : {300u, 1'000u, 3'000u, 10'000u}) {
    still_runtime(1).run([fibers] { EXPECT_LE(longest_wait_among_yielders(fibers, 20), fibers * 3 / 2); });
  }
}

// --- Timers.

// Sleepers whose deadlines pass at once, in no order; after so many turns the last of them has run, in their order.
std::uint64_t turns_until_sleepers_run_in_order(still_runtime& still, std::size_t sleepers) {
  std::vector<std::size_t> order;
  std::vector<weft::join_handle<void>> fibers;
  std::uint64_t last_at = 0;
  for (std::size_t i = 0; i < sleepers; ++i) {
    const std::size_t rank = i * 7 % sleepers;  // a permutation
    fibers.push_back(weft::spawn([&, rank] {
      weft::this_fiber::sleep_for(1ms + rank * 1us);
      order.push_back(rank);
      last_at = turn_now();
    }));
  }
  const scheduler& home = this_worker()->home();
  weft::testing::wait_until([&] { return home.armed_timers() == sleepers && home.inject.size() == 0; });
  const std::uint64_t from = turn_now();
  still.clock.advance(2ms, still.get());
  weft::testing::wait_until([&] { return order.size() == sleepers; });
  for (auto& each : fibers) each.join();
  std::vector<std::size_t> in_order(sleepers);
  std::iota(in_order.begin(), in_order.end(), 0u);
  EXPECT_EQ(order, in_order);
  return last_at - from;
}

TEST_F(fairness, timers_expire_in_order_within_61_turns_and_a_ring_beside_busy_fibers) {
  for (const std::uint64_t busy : {1u, 30u, 200u}) {
    still_runtime still(1);
    still.run([&] {
      const busy_fibers others(busy);
      EXPECT_LE(turns_until_sleepers_run_in_order(still, 20), k_turns_between_looks + busy + 1 + 20) << busy;
    });
  }
}

// The ring is as full as can be, and none overflows: it never has room by itself.
TEST_F(fairness, timers_expire_in_order_within_61_turns_and_a_ring_also_beside_a_full_ring) {
  still_runtime still(1);
  still.run([&] {
    const busy_fibers others(k_ring - 1);  // and this one
    EXPECT_LE(turns_until_sleepers_run_in_order(still, 20), k_turns_between_looks + k_ring);
  });
}

// --- Pinned fibers.

// Each turn of those takes 200 us on the still clock if `slow`: the worker looks around after each, then.
void expect_pinned_and_others_to_take_turns(std::uint64_t pinned, bool slow) {
  still_runtime still(1);
  still.run([&] {
    constexpr std::uint64_t k_others = 3;  // this one and two more
    const auto take_time = [&still, slow] {
      if (slow) still.clock.advance(200us, still.get());
    };
    const busy_fibers beside(k_others - 1), at_home(pinned, {.pinned = true}, take_time);
    std::uint64_t longest_of_a_pinned_one = 0, turns_of_a_pinned_one = 0;
    bool over = false;
    auto one_more = weft::spawn({.pinned = true}, [&] {
      for (std::uint64_t last = turn_now(); !over && turns_of_a_pinned_one < 10'000; ++turns_of_a_pinned_one) {
        take_time();
        yield_once();
        longest_of_a_pinned_one = std::max(longest_of_a_pinned_one, turn_now() - std::exchange(last, turn_now()));
      }
    });
    std::uint64_t longest_of_others = 0;
    for (int i = 0; i < 200; ++i) {
      const std::uint64_t before = turn_now();
      yield_once();
      longest_of_others = std::max(longest_of_others, turn_now() - before);
    }
    over = true;
    one_more.join();
    // All pinned ones have a turn, then one of the others at least, and they have 61 turns at most.
    EXPECT_LE(longest_of_others, (pinned + 2) * k_others) << pinned << (slow ? " slow" : "");
    EXPECT_LE(longest_of_a_pinned_one, pinned + 1 + k_turns_between_looks + 1) << pinned << (slow ? " slow" : "");
  });
}

TEST_F(fairness, pinned_fibers_and_others_take_turns_however_many_and_however_slow) {
  for (const bool slow : {false, true})
    for (const std::uint64_t pinned : {1u, 30u, 59u, 60u, 61u, 121u})
      expect_pinned_and_others_to_take_turns(pinned, slow);
}

}  // namespace
