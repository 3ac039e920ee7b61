// Simulation as its users see it: what runs next is the seed's choice and no other, time is virtual, what fails is
// named, and nothing is left. What it finds: simulated_bugs_test.cpp; what it refuses, simulate_refusals_test.cpp.

#include <weft/runtime/simulate.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <support/accident.hpp>
#include <support/contains.hpp>
#include <support/noted.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/clock.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "simulated_trace.hpp"
#include "stack_walk.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::contains;
using weft::testing::noted;
using weft::testing::run_accident;
using weft::testing::trace_of;

// --- Results.

TEST(simulate, returns_what_the_main_fiber_returns) {
  EXPECT_EQ(weft::simulate({.seed = 1}, [] { return 42; }), 42);
  EXPECT_EQ(*weft::simulate({.seed = 1}, [] { return std::make_unique<int>(7); }), 7);
  int there = 0;
  EXPECT_EQ(&weft::simulate({.seed = 1}, [&]() -> int& { return there; }), &there);
  weft::simulate({.seed = 1}, [&] { there = 1; });
  EXPECT_EQ(there, 1);
}

TEST(simulate, rethrows_what_the_main_fiber_throws) {
  EXPECT_THROW(weft::simulate({.seed = 1}, [] { throw std::out_of_range("of range"); }), std::out_of_range);
}

TEST(simulate, leaves_the_exceptions_of_its_thread_alone) {
  try {
    throw std::runtime_error("outer");
  } catch (const std::runtime_error&) {
    EXPECT_THROW(weft::simulate({.seed = 1}, [] { throw std::out_of_range("inner"); }), std::out_of_range);
    weft::simulate({.seed = 1}, [] { weft::this_fiber::yield(); });
    EXPECT_EQ(std::uncaught_exceptions(), 0);
    try {
      throw;
    } catch (const std::exception& e) {
      EXPECT_STREQ(e.what(), "outer");
    }
  }
}

TEST(simulate, cancels_and_unwinds_who_is_left_when_main_has_returned) {
  std::atomic<int> unwound{0};
  struct notes_its_end {
    std::atomic<int>& count;
    ~notes_its_end() { ++count; }
  };
  weft::simulate({.seed = 1}, [&] {
    for (int i = 0; i < 3; ++i)
      weft::go([&unwound] {
        const notes_its_end noted{unwound};
        weft::this_fiber::sleep_for(std::chrono::hours::max());
      });
    weft::this_fiber::sleep_for(1ms);
  });
  EXPECT_EQ(unwound, 3);
}

// --- Order.

TEST(simulate, one_seed_gives_one_order) {
  const std::string first = trace_of(7);
  EXPECT_GT(first.size(), 100u);
  for (int again = 0; again < 5; ++again) EXPECT_EQ(trace_of(7), first);
}

TEST(simulate, another_process_replays_a_seed) {
  const auto end = run_accident("simulated_trace");
  EXPECT_EQ(end.exit_status, 0) << end.text;
  EXPECT_EQ(end.output, trace_of(7));
}

TEST(simulate, what_was_simulated_before_makes_no_difference) {
  const std::string first = trace_of(7);
  (void)trace_of(8);
  weft::run(weft::options{.workers = 2}, [] {
    std::vector<weft::join_handle<void>> fibers;
    for (int i = 0; i < 100; ++i) fibers.push_back(weft::spawn([] { weft::this_fiber::yield(); }));
    for (auto& each : fibers) each.join();
  });
  EXPECT_EQ(trace_of(7), first);
}

TEST(simulate, seeds_differ) {
  std::set<std::string> traces;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) traces.insert(trace_of(seed));
  EXPECT_EQ(traces.size(), 20u);
}

TEST(simulate, all_orders_of_three_fibers_come_up) {
  std::set<std::string> orders;
  weft::simulate_many({.seed = 1}, 1000, [&] {
    noted<std::string> order;
    const auto note = [&order](char who) {
      return [&order, who] { order.with([who](std::string& all) { all += who; }); };
    };
    auto a = weft::spawn(note('a')), b = weft::spawn(note('b')), c = weft::spawn(note('c'));
    a.join();
    b.join();
    c.join();
    orders.insert(order.get());
  });
  EXPECT_EQ(orders, (std::set<std::string>{"abc", "acb", "bac", "bca", "cab", "cba"}));
}

TEST(simulate, who_is_due_at_the_same_time_comes_in_any_order) {
  std::set<std::string> orders;
  weft::simulate_many({.seed = 1}, 100, [&] {
    noted<std::string> order;
    const auto note = [&order](char who) {
      return [&order, who] {
        weft::this_fiber::sleep_until(weft::clock::time_point(48h));
        order.with([who](std::string& all) { all += who; });
      };
    };
    auto a = weft::spawn(note('a')), b = weft::spawn(note('b'));
    a.join();
    b.join();
    orders.insert(order.get());
  });
  EXPECT_EQ(orders, (std::set<std::string>{"ab", "ba"}));
}

// --- Time.

TEST(simulate, an_hour_of_sleeping_is_an_hour_of_virtual_time) {
  const auto slept = weft::simulate({.seed = 1}, [] {
    const auto before = weft::clock::now();
    for (int minute = 0; minute < 60; ++minute) weft::this_fiber::sleep_for(1min);
    return weft::clock::now() - before;
  });
  EXPECT_EQ(slept, 1h);
}

TEST(simulate, time_stands_still_while_anything_can_run) {
  weft::simulate({.seed = 1}, [] {
    const auto before = weft::clock::now();
    auto sleeper = weft::spawn([] { weft::this_fiber::sleep_for(1ns); });
    for (int i = 0; i < 1000; ++i) weft::this_fiber::yield();
    EXPECT_EQ(weft::clock::now(), before);
    sleeper.join();
    EXPECT_EQ(weft::clock::now(), before + 1ns);
  });
}

TEST(simulate, time_begins_at_the_same_point) {
  const auto begin = [] { return weft::clock::now(); };
  EXPECT_EQ(weft::simulate({.seed = 1}, begin), weft::simulate({.seed = 2}, begin));
}

TEST(simulate, sleepers_wake_in_the_order_of_their_deadlines) {
  weft::simulate_many({.seed = 1}, 100, [] {
    noted<std::vector<int>> order;
    std::vector<weft::join_handle<void>> sleepers;
    for (const int ms : {3, 1, 2}) {
      const auto at = weft::clock::time_point(48h) + std::chrono::milliseconds(ms);
      sleepers.push_back(weft::spawn([&order, ms, at] {
        weft::this_fiber::sleep_until(at);
        order.with([ms](std::vector<int>& all) { all.push_back(ms); });
      }));
    }
    for (auto& each : sleepers) each.join();
    if (order.get() != std::vector<int>{1, 2, 3}) throw std::runtime_error("not in order");
  });
}

TEST(simulate, a_point_of_another_clock_is_slept_for_once) {
  weft::simulate({.seed = 1}, [] {
    const auto before = weft::clock::now();
    weft::this_fiber::sleep_until(std::chrono::system_clock::now() + 1h);
    EXPECT_GT(weft::clock::now() - before, 59min);
    EXPECT_LE(weft::clock::now() - before, 1h);
  });
}

// --- Failures.

TEST(simulate, a_deadlock_is_thrown_with_the_dump_and_the_seed) {
  try {
    weft::simulate({.seed = 5}, [] {
      auto never = weft::spawn([] { weft::this_fiber::sleep_for(std::chrono::hours::max()); });
      never.join();
    });
    FAIL() << "no deadlock";
  } catch (const weft::deadlock& e) {
    const std::string text = e.what();
    EXPECT_NE(text.find("all fibers are asleep - deadlock!"), std::string::npos) << text;
    EXPECT_NE(text.find("seed=5"), std::string::npos) << text;
    EXPECT_NE(text.find("fiber #1 'main'"), std::string::npos) << text;
    EXPECT_NE(text.find("sleep"), std::string::npos) << text;
  }
}

TEST(simulate, fibers_that_only_poll_are_a_livelock) {
  try {
    weft::simulate({.seed = 5, .most_steps = 10'000}, [] {
      for (;;) weft::this_fiber::yield();
    });
    FAIL() << "no livelock";
  } catch (const weft::livelock& e) {
    EXPECT_NE(std::string(e.what()).find("10000 steps"), std::string::npos) << e.what();
  }
}

TEST(simulate_many, names_the_first_seed_that_fails_and_keeps_what_it_threw) {
  int calls = 0;
  try {
    weft::simulate_many({.seed = 11}, 100, [&calls] {
      if (++calls == 3) throw std::out_of_range("too far");
    });
    FAIL() << "nothing was thrown";
  } catch (const weft::simulation_failed& e) {
    EXPECT_EQ(e.seed(), 13u);
    EXPECT_NE(std::string(e.what()).find("weft::simulate({.seed = 13}, f)"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("too far"), std::string::npos) << e.what();
    EXPECT_THROW(std::rethrow_if_nested(e), std::out_of_range);
  }
  EXPECT_EQ(calls, 4) << "and once more, to see the last choices";
}

TEST(simulate_many, says_so_if_what_failed_does_not_fail_again) {
  int calls = 0;
  try {
    weft::simulate_many(3, [&calls] {
      if (++calls == 2) throw std::runtime_error("second");
    });
    FAIL() << "nothing was thrown";
  } catch (const weft::simulation_failed& e) {
    EXPECT_NE(std::string(e.what()).find("second\n(done again it did not fail"), std::string::npos) << e.what();
  }
}

TEST(simulate_many, passes_over_the_seed_that_means_any) {
  std::size_t calls = 0;
  weft::simulate_many({.seed = ~std::uint64_t{0}}, 3, [&calls] { ++calls; });
  EXPECT_EQ(calls, 3u);
  try {
    weft::simulate_many({.seed = ~std::uint64_t{0}}, 2, [&calls] {
      if (++calls == 5) throw std::runtime_error("second");
    });
  } catch (const weft::simulation_failed& e) {
    EXPECT_EQ(e.seed(), 1u);
  }
}

TEST(simulate, the_process_seed_is_used_and_printed_when_none_is_given) {
  const auto end = run_accident("simulation_without_a_seed_fails");
  EXPECT_EQ(end.exit_status, 3) << end.text;
  EXPECT_NE(end.text.find("a simulation failed: seed=77"), std::string::npos) << end.text;
}

// --- Beside others.

TEST(simulate, several_threads_simulate_at_once_each_its_own) {
  const std::string alone = trace_of(7);
  std::string here[4];
  std::vector<std::thread> threads;
  for (auto& each : here) threads.emplace_back([&each] { each = trace_of(7); });
  for (auto& each : threads) each.join();
  for (const auto& each : here) EXPECT_EQ(each, alone);
}

TEST(simulate, runs_beside_a_runtime_and_the_other_way_round) {
  const std::string alone = trace_of(7);
  weft::runtime beside(weft::options{.workers = 2});
  std::atomic<bool> is_over{false};
  beside.go([&is_over] {
    while (!is_over) weft::this_fiber::yield();
  });
  EXPECT_EQ(trace_of(7), alone);
  is_over = true;
}

TEST(simulate, blocking_runs_in_place) {
  weft::simulate({.seed = 1}, [] {
    const auto here = std::this_thread::get_id();
    EXPECT_EQ(weft::blocking([] { return std::this_thread::get_id(); }), here);
    auto child = weft::spawn([here] {
      EXPECT_EQ(weft::blocking([] { return std::this_thread::get_id(); }), here);
      EXPECT_THROW(weft::blocking([] { throw std::out_of_range("blocked"); }), std::out_of_range);
    });
    child.join();
  });
}

TEST(simulate, pinned_fibers_are_candidates_like_others) {
  std::set<std::string> orders;
  weft::simulate_many({.seed = 1}, 200, [&orders] {
    noted<std::string> order;
    weft::go({.pinned = true}, [&order] { order.with([](std::string& all) { all += 'p'; }); });
    auto other = weft::spawn([&order] { order.with([](std::string& all) { all += 'o'; }); });
    other.join();
    weft::this_fiber::sleep_for(1s);
    orders.insert(order.get());
  });
  EXPECT_EQ(orders, (std::set<std::string>{"po", "op"}));
}

TEST(simulate, more_fibers_than_any_queue_holds_all_run) {
  std::atomic<int> ran{0};
  weft::simulate({.seed = 1}, [&ran] {
    for (int i = 0; i < 3000; ++i)
      weft::go({.stack_size = 16 << 10}, [&ran] {
        weft::this_fiber::sleep_until(weft::clock::time_point(48h));
        ++ran;
      });
    weft::this_fiber::sleep_until(weft::clock::time_point(49h));
  });
  EXPECT_EQ(ran, 3000);
}

// --- What ran last.

[[gnu::noinline]] void simulate_test_yields_here() {
  weft::this_fiber::yield();
  __asm__ __volatile__("");  // no tail call
}

const auto k_fails_after_a_yield = [] {
  auto other = weft::spawn({.name = "other"}, [] { simulate_test_yields_here(); });
  other.join();
  throw std::runtime_error("failed");
};

std::string told_by_many() {
  try {
    weft::simulate_many({.seed = 1, .last_choices = 5}, 3, k_fails_after_a_yield);
  } catch (const weft::simulation_failed& e) {
    return e.what();
  }
  return "";
}

TEST(simulate, a_failure_names_the_last_choices_and_who_called) {
  const std::string text = told_by_many();
  EXPECT_TRUE(contains(text,
                       "failed\nthe last [0-5] choices? of [0-9]+, the latest below; .*:\n(.*\n)*"
                       "  fiber #1 'main': [^\n]*\n$"))
      << text;
  EXPECT_TRUE(contains(text, "  fiber #2 'other': ")) << text;
  if (weft::detail::k_walks_parked_stacks) {
    EXPECT_TRUE(contains(text, "  fiber #2 'other': weft::this_fiber::yield\\(\\), by .*simulate_test_yields_here"))
        << text;
  }
  EXPECT_EQ(told_by_many(), text) << "as it was";
}

TEST(simulate, a_failure_without_simulate_many_tells_its_choices_on_stderr) {
  testing::internal::CaptureStderr();
  EXPECT_THROW(weft::simulate({.seed = 1}, k_fails_after_a_yield), std::runtime_error);
  EXPECT_TRUE(
      contains(testing::internal::GetCapturedStderr(), "^weft: a simulation failed: the last [0-9]+ choices of"));
  testing::internal::CaptureStderr();
  EXPECT_THROW(weft::simulate({.seed = 1, .last_choices = 0}, k_fails_after_a_yield), std::runtime_error);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
