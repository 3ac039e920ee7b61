// What whole operations execute, instruction by instruction: no more beside a hundred thousand fibers than beside a
// hundred, nor with 64 workers than with two.

#include "step_count.hpp"

#ifdef WEFT_COUNTS_STEPS

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <vector>

#include <support/fiber_test.hpp>
#include <support/still_runtime.hpp>
#include <support/watchdog.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "scheduler.hpp"
#include "this_worker.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weft::detail;
using weft::testing::count_steps;
using weft::testing::steps;
using weft::testing::still_runtime;

// --- Pieces, of a few operations each.

constexpr int k_few = 2;

void wake(wait_token token) { unpark(claim(token, wake_reason::ready)); }

void spawn_and_join() {
  weft::join_handle<void> fibers[k_few];
  for (auto& each : fibers) each = weft::spawn([] {});
  for (auto& each : fibers) each.join();
}

// As many as there are turns between two looks around: one of these is in it, whenever it begins.
void yield() {
  for (int i = 0; i < 61; ++i) weft::this_fiber::yield();
}

// Two fibers that wake each other.
void park_and_wake() {
  wait_token mine, others;
  auto other = weft::spawn([&] {
    for (int round = 0; round < k_few; ++round) {
      others = arm(cancellation::ignored);
      wake(mine);
      (void)park(others, weft::deadline::never(), "pong");
    }
  });
  for (int round = 0; round < k_few; ++round) {
    mine = arm(cancellation::ignored);
    if (round != 0) wake(others);
    (void)park(mine, weft::deadline::never(), "ping");
  }
  wake(others);
  other.join();
}

// Deadlines, earlier than all others, that are taken back.
void arm_and_cancel_deadlines() {
  for (int round = 0; round < k_few; ++round) {
    const wait_token token = arm(cancellation::ignored);
    weft::go([token] { wake(token); });
    (void)park(token, weft::deadline::after(now(), 1ms), "deadline");
  }
}

struct piece {
  const char* name;
  void (*run)();
};
constexpr piece k_pieces[] = {{"spawn and join", spawn_and_join},
                              {"61 yields and a look around", yield},
                              {"park and wake", park_and_wake},
                              {"arm and cancel deadlines", arm_and_cancel_deadlines}};

// The least of three, for some have a look around in them, or fetch a batch of blocks or stacks.
steps measure(void (*run)()) {
  steps least = count_steps(run);
  for (int i = 0; i < 2; ++i) {
    const steps again = count_steps(run);
    least = {std::min(least.instructions, again.instructions), std::min(least.locked, again.locked)};
  }
  return least;
}

// Sleepers, each with a deadline of its own.
class sleepers {
 public:
  void grow_to(std::size_t count) {
    constexpr std::size_t k_small_stack = 16 << 10;
    while (sleepers_.size() < count) {
      const auto long_enough = 1h + std::chrono::microseconds(sleepers_.size() * 7919 % 1'000'000);
      sleepers_.push_back(
          weft::spawn({.stack_size = k_small_stack}, [long_enough] { weft::this_fiber::sleep_for(long_enough); }));
    }
    weft::testing::wait_until([count] { return this_worker()->home().armed_timers() == count; });
  }

 private:
  std::vector<weft::join_handle<void>> sleepers_;
};

#if defined(__OPTIMIZE__)
constexpr std::size_t k_sizes[] = {100, 1'000, 10'000, 100'000};
#else
constexpr std::size_t k_sizes[] = {100, 10'000};
#endif

TEST(steps, no_operation_executes_more_beside_more_sleeping_fibers) {
  weft::testing::watchdog::allow_much();
  still_runtime still(1);
  still.run([] {
    sleepers beside;
    std::map<const char*, steps> first;
    for (const std::size_t size : k_sizes) {
      beside.grow_to(size);
      for (const piece& each : k_pieces) {
        const steps taken = measure(each.run);
        const steps before = first.emplace(each.name, taken).first->second;
        EXPECT_LE(taken.instructions, before.instructions * 11 / 10) << each.name << " beside " << size;
        EXPECT_LE(taken.locked, before.locked) << each.name << " beside " << size;
      }
    }
  });
}

// --- Beside workers that sleep.

void wait_until_others_sleep() {
  const idle_set<real_env>& idle = this_worker()->home().idle;
  const std::size_t others = this_worker()->home().seats.seats() - 1;
  while (idle.sleeping_hint() != others || idle.searching_hint() != 0) weft::this_fiber::yield();
}

// The second spawn displaces the first one from the next slot, and wakes a sleeper for it.
steps measure_a_spawn_that_wakes() {
  wait_until_others_sleep();
  weft::join_handle<void> first = weft::spawn([] {}), second;
  const steps taken = count_steps([&second] { second = weft::spawn([] {}); });
  first.join();
  second.join();
  return taken;
}

steps measure_a_spawn_that_wakes(std::size_t workers) {
  still_runtime still(workers);
  return still.run([] {
    steps least = measure_a_spawn_that_wakes();
    for (int i = 0; i < 5; ++i) {
      const steps again = measure_a_spawn_that_wakes();
      if (again.instructions < least.instructions) least = again;
    }
    return least;
  });
}

TEST(steps, a_spawn_that_wakes_a_worker_executes_no_more_beside_more_that_sleep) {
  const steps beside_one = measure_a_spawn_that_wakes(2);
  for (const std::size_t workers : {8u, 32u, 64u}) {
    const steps beside_more = measure_a_spawn_that_wakes(workers);
    EXPECT_LE(beside_more.instructions, beside_one.instructions * 11 / 10) << workers;
    EXPECT_LE(beside_more.locked, beside_one.locked) << workers;
  }
}

}  // namespace

#endif
