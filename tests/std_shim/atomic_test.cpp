// weft::atomic: std's interface, found out in a simulation, and waited for by parking.

#include <weft/std_shim/atomic.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include <support/fiber_test.hpp>
#include <support/simulated.hpp>

#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::must;

static_assert(sizeof(weft::atomic<int>) == sizeof(std::atomic<int>));
static_assert(weft::atomic<int>::is_always_lock_free && !std::is_copy_constructible_v<weft::atomic<int>>);
constinit weft::atomic<const char*> g_text{"constant-initialised"};

template <class Atomic>
concept adds = requires(Atomic a) {
  a.fetch_add(1);
};
template <class Atomic>
concept steps = requires(Atomic a) {
  ++a;
};
template <class Atomic>
concept masks = requires(Atomic a) {
  a.fetch_or(1);
};
static_assert(adds<weft::atomic<int>> && steps<weft::atomic<int>> && masks<weft::atomic<int>>);
static_assert(adds<weft::atomic<double>> && !steps<weft::atomic<double>> && !masks<weft::atomic<double>>);
static_assert(adds<weft::atomic<int*>> && steps<weft::atomic<int*>> && !masks<weft::atomic<int*>>);
static_assert(!adds<weft::atomic<bool>> && !steps<weft::atomic<bool>> && !masks<weft::atomic<bool>>);

TEST(atomic, calculates_as_std_does) {
  weft::atomic<unsigned char> a{250};
  EXPECT_EQ(a += 10, 4) << "it wraps";
  EXPECT_EQ(a++, 4);
  EXPECT_EQ(--a, 4);
  EXPECT_EQ(a -= 5, 255);
  EXPECT_EQ(a &= 0x0f, 0x0f);
  EXPECT_EQ(a |= 0xf0, 0xff);
  EXPECT_EQ(a ^= 0x0f, 0xf0);
  EXPECT_EQ(a.exchange(1), 0xf0);
  unsigned char expected = 2;
  EXPECT_FALSE(a.compare_exchange_strong(expected, 3));
  EXPECT_EQ(expected, 1);
  while (!a.compare_exchange_weak(expected, 3, weft::memory_order_acq_rel, weft::memory_order_relaxed)) {
  }
  EXPECT_EQ(a = 7, 7);
  EXPECT_EQ(a, 7);
  int some[4] = {};
  weft::atomic<int*> p{some};
  EXPECT_EQ(p.fetch_add(2), some);
  EXPECT_EQ(p -= 1, some + 1);
  weft::atomic<double> d{1.5};
  EXPECT_EQ(d += 1, 2.5);
  const weft::atomic deduced{5};
  EXPECT_EQ(deduced.load(), 5);
  EXPECT_EQ(g_text.load()[0], 'c');
}

// Two fibers do `step` once each, and nothing else.
template <class Step>
auto sum_of_two(Step step) {
  return [step] {
    weft::atomic<int> sum{0};
    auto one = weft::spawn([&] { step(sum); });
    auto two = weft::spawn([&] { step(sum); });
    one.join();
    two.join();
    must(sum == 2, "an addition was lost");
  };
}

TEST(simulated_atomic, a_store_that_follows_a_load_is_found_to_lose_an_addition) {
  expect_found(50, sum_of_two([](weft::atomic<int>& sum) {
                 const int seen = sum.load();
                 sum.store(seen + 1);
               }));
}

TEST(simulated_atomic, additions_are_whole) {
  expect_holds(sum_of_two([](weft::atomic<int>& sum) { ++sum; }));
  expect_holds(sum_of_two([](weft::atomic<int>& sum) {
    for (int seen = sum; !sum.compare_exchange_weak(seen, seen + 1);) {
    }
  }));
}

TEST(simulated_atomic, a_spin_lock_of_a_flag_excludes) {
  expect_holds([] {
    weft::atomic_flag busy;
    weft::atomic<int> inside{0};
    weft::testing::fibers all;
    for (int i = 0; i < 3; ++i)
      all.push_back(weft::spawn([&] {
        while (busy.test_and_set()) weft::this_fiber::yield();
        must(++inside == 1, "two are inside");
        --inside;
        busy.clear();
      }));
    weft::testing::join_all(all);
  });
}

// --- Waiting.

TEST(simulated_atomic, a_wait_ends_with_the_notification_of_a_change) {
  expect_holds([] {
    weft::atomic<int> turn{0};
    auto waits = [&turn](int until) {
      return [&turn, until] {
        for (int seen; (seen = turn) < until;) turn.wait(seen);
      };
    };
    auto one = weft::spawn(waits(1)), two = weft::spawn(waits(2));
    for (int i = 0; i < 2; ++i) {
      ++turn;
      turn.notify_all();
    }
    one.join();
    two.join();
  });
}

TEST(simulated_atomic, one_that_is_notified_before_the_change_is_found_to_sleep_for_ever) {
  expect_found(50, [] {
    weft::atomic<int> turn{0};
    auto waits = weft::spawn([&] { turn.wait(0); });
    turn.notify_one();
    turn = 1;
    waits.join();
  });
}

// Each hands the turn to the next, some of them plain threads: a notification that is lost ends in the watchdog.
FIBER_TEST(atomic, hands_a_turn_around_fibers_and_threads) {
  constexpr int k_rounds = 200, k_players = 3;
  weft::atomic<int> turn{0};
  const auto play = [&turn](int me) {
    for (int round = 0; round < k_rounds; ++round) {
      const int mine = round * k_players + me;
      for (int seen = turn.load(); seen != mine; seen = turn.load()) turn.wait(seen);
      turn.store(mine + 1, weft::memory_order_relaxed);
      turn.notify_all();
    }
  };
  std::thread outside(play, 0);
  auto one = weft::spawn(play, 1), two = weft::spawn(play, 2);
  one.join();
  two.join();
  outside.join();
  EXPECT_EQ(turn, k_rounds * k_players);
}

FIBER_TEST(atomic, a_wait_is_a_cancellation_point_and_leaves_nothing_behind) {
  weft::atomic<bool> never{false};
  auto waits = weft::spawn([&never] { never.wait(false); });
  weft::testing::wait_until_all_parked();
  waits.request_stop();
  EXPECT_THROW(waits.join(), std::system_error);
  never.notify_all();
}

}  // namespace
