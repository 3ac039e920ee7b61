// When all fibers are asleep for ever the process says so, and never when one of them may still be woken. The accidents
// are in deadlock_accidents.cpp; those with descriptors and signals, tests/std_shim/deadlock_test.cpp.

#include <gtest/gtest.h>
#include <support/contains.hpp>

#include <string>

#include <support/accident.hpp>

namespace {

using weft::testing::contains;

using weft::testing::accident_end;
using weft::testing::run_accident;

void expect_deadlock(const std::string& name, const std::string& dump) {
  const accident_end end = run_accident(name);
  EXPECT_EQ(end.exit_status, 2) << name << ": " << end.text;
  EXPECT_TRUE(contains(end.text, "^weft: all fibers are asleep - deadlock!\nweft: [0-9]+ fibers?\n")) << end.text;
  EXPECT_TRUE(contains(end.text, dump)) << name << ": " << end.text;
}

void expect_left_alone(const std::string& name) {
  const accident_end end = run_accident(name);
  EXPECT_EQ(end.exit_status, 42) << name << ": " << end.text;
  EXPECT_EQ(end.text, "") << name;
}

TEST(deadlock, is_said_with_the_dump_and_exit_status_2) {
  expect_deadlock("deadlock_of_main",
                  "'main', spawned at .*deadlock_accidents.cpp:[0-9]+: parked for [0-9.]+ [mu]?s: what never comes");
  EXPECT_EQ(run_accident("deadlock_of_main").output, "said before\n");
}

TEST(deadlock, is_found_among_many_fibers_and_with_helper_threads) {
  expect_deadlock("deadlock_of_many", "weft: 7 fibers\n");
}

TEST(deadlock, is_found_when_the_last_one_awake_had_computed_for_long) {
  expect_deadlock("deadlock_after_a_long_computation", "weft: 2 fibers\n");
}

TEST(deadlock, is_found_when_a_fiber_without_a_seat_was_the_last_to_run) {
  expect_deadlock("deadlock_of_one_without_a_seat", "what never comes, pinned to worker 0");
}

TEST(deadlock, is_found_over_two_runtimes) { expect_deadlock("deadlock_of_two_runtimes", "weft: 2 fibers\n"); }

TEST(deadlock, is_found_once_the_last_plain_thread_has_ended_or_waits_too) {
  expect_deadlock("deadlock_once_a_plain_thread_has_ended", "what never comes");
  expect_deadlock("deadlock_with_a_plain_thread_in_it", "what never comes");
  expect_deadlock("deadlock_with_a_fiber_that_has_its_own_thread", "what never comes, alone on worker");
}

TEST(deadlock, is_thrown_out_of_run_if_the_options_say_so) {
  const accident_end end = run_accident("deadlock_that_throws");
  EXPECT_EQ(end.exit_status, 42) << end.text;
  EXPECT_TRUE(contains(end.text, "^caught: weft: all fibers are asleep - deadlock!\nweft: 2 fibers\n")) << end.text;
  EXPECT_EQ(run_accident("deadlock_that_throws_again").exit_status, 42);
}

TEST(deadlock, that_cannot_be_unwound_ends_the_process_after_all) {
  expect_deadlock("deadlock_that_cannot_be_unwound", "what never comes");
}

TEST(deadlock, is_not_said_while_somebody_may_come) {
  for (const char* name : {"asleep_with_a_deadline", "asleep_beside_one_with_a_deadline",
                           "asleep_while_a_plain_thread_lives", "asleep_while_a_plain_thread_waits_with_a_deadline",
                           "asleep_while_one_is_in_a_blocking_call", "asleep_while_another_runtime_is_not",
                           "asleep_without_a_fiber", "asleep_in_turns", "asleep_in_turns_with_a_plain_thread"})
    expect_left_alone(name);
}

}  // namespace
