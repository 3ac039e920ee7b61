// "Looking at the ready" (ready_look.hpp): who is ready is shown with its trace, and looking loses nobody, runs nobody
// twice and changes no simulation.

#include <gtest/gtest.h>
#include <support/contains.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <support/fiber_test.hpp>
#include <support/noted.hpp>
#include <weft/runtime/dump.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/simulate.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "stack_walk.hpp"

// Not static: the linker keeps its name.
[[gnu::noinline]] void dump_ready_yields_here(const std::atomic<bool>& over, std::atomic<int>& begun) {
  ++begun;
  while (!over) {
    weft::this_fiber::yield();
    __asm__ __volatile__("");
  }
}

namespace {

using weft::testing::contains;
using weft::testing::wait_until;

std::string text_of_dump() {
  std::ostringstream text;
  weft::dump(text);
  return text.str();
}

constexpr const char* k_its_trace = "\n(    [^\n]*\n)*    dump_ready_yields_here\\(";

// They are ready in a ring or in inject, and one in an inbox, while main, the only one that runs, computes on. (For so
// long that another thread may fill in and run them; then the next dump shows them.)
FIBER_TEST(dump, shows_who_is_ready_with_its_trace) {
  constexpr int k_waiting = 20;
  if (weft::testing::workers_of_this_test() != 1) return;  // others would run them
  if (!weft::detail::k_walks_parked_stacks) GTEST_SKIP() << "no stack is walked on this processor";
  std::atomic<bool> over{false};
  std::atomic<int> begun{0}, ended{0};
  std::vector<weft::join_handle<void>> fibers;
  for (int i = 0; i <= k_waiting; ++i)
    fibers.push_back(weft::spawn({.name = i == 0 ? "pinned" : "", .pinned = i == 0}, [&] {
      dump_ready_yields_here(over, begun);
      ++ended;
    }));
  wait_until([&] { return begun == k_waiting + 1; });
  wait_until([&] {
    const std::string text = text_of_dump();
    return contains(text, "20 fibers, spawned at [^\n]*: ready\n[^\n]*more" + std::string(k_its_trace)) &&
           contains(text, "'pinned', [^\n]*: ready, pinned to worker 0" + std::string(k_its_trace));
  });
  over = true;
  for (auto& each : fibers) each.join();
  EXPECT_EQ(ended, k_waiting + 1);
}

// One that parks in its turn; who wakes it goes on, and so it lies in the next slot.
class pinged {
 public:
  pinged() {
    fiber_ = weft::spawn([this] {
      for (; !over_; ++woken_) {
        const auto token = weft::detail::arm(weft::detail::cancellation::ignored);
        token_ = token;
        generation_ = token.generation;
        (void)weft::detail::park(token, weft::deadline::never(), "a ping");
      }
    });
  }
  void ping(int round) {
    wait_until([&] { return generation_ != 0; });
    generation_ = 0;
    weft::detail::unpark(weft::detail::claim(token_, weft::detail::wake_reason::ready));
    wait_until([&] { return woken_ == round + 1 || over_; });
  }
  void end(int rounds) {
    over_ = true;
    ping(rounds);
    fiber_.join();
  }

 private:
  std::atomic<std::uint64_t> generation_{0};
  weft::detail::wait_token token_;
  std::atomic<int> woken_{0};
  std::atomic<bool> over_{false};
  weft::join_handle<void> fiber_;
};

// Each of a storm of fibers, new ones, yielding ones, pinned ones and pairs that wake each other, gets through its
// turns once, and the end of the test finds none left, while two others look without a pause.
FIBER_TEST(dump, in_a_loop_beside_a_storm_loses_nobody_and_runs_nobody_twice) {
  constexpr int k_storms = 4;
  constexpr int k_rounds = 30;
  constexpr int k_yields = 4;
  std::atomic<bool> over{false};
  std::atomic<int> dumps{0}, children{0}, turns{0};
  std::thread outside([&] {
    for (; !over; ++dumps) EXPECT_NE(text_of_dump(), "");
  });
  auto inside = weft::spawn({.pinned = true}, [&] {
    for (; !over; weft::this_fiber::yield()) EXPECT_NE(text_of_dump(), "");
  });
  std::vector<weft::join_handle<void>> storms;
  for (int i = 0; i < k_storms; ++i)
    storms.push_back(weft::spawn({.pinned = i == 0}, [&] {
      pinged partner;
      for (int round = 0; round < k_rounds; ++round) {
        std::array<weft::join_handle<void>, 4> some;
        for (auto& each : some)
          each = weft::spawn([&] {
            for (int turn = 0; turn < k_yields; ++turn, ++turns) weft::this_fiber::yield();
            ++children;
          });
        partner.ping(round);
        for (auto& each : some) each.join();
      }
      partner.end(k_rounds);
    }));
  for (auto& each : storms) each.join();
  wait_until([&] { return dumps != 0; });
  over = true;
  inside.join();
  outside.join();
  EXPECT_EQ(children, k_storms * k_rounds * 4);
  EXPECT_EQ(turns, k_storms * k_rounds * 4 * k_yields);
}

// What five fibers do under a seed, each event by its number.
std::string order_under_a_seed(bool dumps, weft::testing::noted<std::string>& text) {
  weft::testing::noted<std::string> order;
  weft::simulate({.seed = 7}, [&] {
    std::vector<weft::join_handle<void>> fibers;
    for (int i = 0; i < 5; ++i)
      fibers.push_back(weft::spawn([&, i] {
        for (int turn = 0; turn < 4; ++turn) {
          order.with([i](std::string& all) { all += static_cast<char>('a' + i); });
          if (dumps) text.with([dump = text_of_dump()](std::string& last) { last = dump; });
          weft::this_fiber::yield();
        }
      }));
    for (auto& each : fibers) each.join();
  });
  return order.get();
}

TEST(dump, in_a_simulation_leaves_the_ready_where_they_are) {
  weft::testing::noted<std::string> text;
  const std::string without = order_under_a_seed(false, text);
  EXPECT_EQ(text.get(), "");
  EXPECT_EQ(order_under_a_seed(true, text), without);
  EXPECT_TRUE(contains(text.get(), weft::detail::k_walks_parked_stacks ? ": ready, no trace\n" : ": ready"))
      << text.get();
}

}  // namespace
