// Room: tests of runtime. Calls that are made in place because they are brief as a rule: one that is not is filled in
// for, and the next ones are sent elsewhere for a while.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <support/fiber_test.hpp>
#include <support/fibers.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/brief_call.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;
using weft::detail::brief_call;

bool is_here() { return static_cast<bool>(brief_call()); }

// How many are sent elsewhere from now on, until one is here again.
int count_sent_elsewhere() {
  int count = 0;
  while (!is_here()) ++count;
  return count;
}

void make_brief_ones(int count) {
  for (int i = 0; i < count; ++i) (void)is_here();
}

// One on every worker, after so many brief ones there, which lasts until a timer that comes behind it is kept.
void hold_up_all_workers(int brief_ones) {
  std::atomic<bool> done{false};
  weft::testing::fibers stuck;
  for (std::size_t i = 0; i < weft::testing::workers_of_this_test(); ++i)
    stuck.push_back(weft::spawn([&done, brief_ones] {
      make_brief_ones(brief_ones);
      const brief_call here;
      if (here) done.wait(false);  // blocks the thread, as a file would
    }));
  weft::this_fiber::sleep_for(1ms);
  done = true;
  done.notify_all();
  weft::testing::join_all(stuck);
}

// How many are sent elsewhere then. Each worker may have been counted out for another reason before, and nothing be
// known of its call.
int hold_up_until_it_is_noticed(int brief_ones) {
  for (;;) {
    hold_up_all_workers(brief_ones);
    if (const int count = count_sent_elsewhere(); count != 0) return count;
  }
}

// Who comes late to his long one may be sent elsewhere himself.
int least_sent_elsewhere() { return 16 - static_cast<int>(weft::testing::workers_of_this_test()); }

FIBER_TEST(brief_calls, one_that_lasts_is_filled_in_for_and_the_next_ones_are_made_elsewhere) {
  (void)count_sent_elsewhere();
  EXPECT_GE(hold_up_until_it_is_noticed(0), least_sent_elsewhere());
}

FIBER_TEST(brief_calls, the_more_of_them_last_the_more_are_made_elsewhere) {
  (void)count_sent_elsewhere();
  int last = 0;  // no worker has made many brief ones yet
  for (int i = 0; i < 5; ++i) last = hold_up_until_it_is_noticed(0);
  EXPECT_GT(last, 8 * least_sent_elsewhere());
  EXPECT_LE(last, 4'096);
  // And after many brief ones few again: unless one of those lost its processor, and so was long.
  while (hold_up_until_it_is_noticed(1'000) > 16) {
  }
}

FIBER_TEST(brief_calls, one_that_takes_long_is_seen_though_nobody_waits) {
  (void)count_sent_elsewhere();
  const auto take_long = [] {
    const brief_call here;
    if (here) std::this_thread::sleep_for(1ms);
    return static_cast<bool>(here);
  };
  // One in sixteen is timed.
  int made = 0;
  while (take_long()) ++made;
  EXPECT_LE(made, 16);
}

FIBER_TEST(brief_calls, who_is_asked_to_end_makes_none_but_under_a_shield) {
  (void)count_sent_elsewhere();
  std::atomic<int> step{0};
  auto shielded = weft::spawn([&step] {
    const weft::shield_guard held;
    step = 1;
    weft::testing::wait_until([&step] { return step == 2; });
    (void)count_sent_elsewhere();  // ends when one is made here
  });
  weft::testing::wait_until([&step] { return step == 1; });
  shielded.request_stop();
  step = 2;
  shielded.join();
  auto unshielded = weft::spawn([&step] {
    const auto asked = weft::this_fiber::stop_token();
    step = 3;
    while (!asked.stop_requested()) continue;  // not by a switch point, which would end it
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(is_here());
    step = 4;
  });
  weft::testing::wait_until([&step] { return step == 3; });
  unshielded.request_stop();
  unshielded.join();
  EXPECT_EQ(step, 4);
}

TEST(brief_calls, are_not_made_on_a_plain_thread) { EXPECT_FALSE(is_here()); }

}  // namespace
