// Deadlocks of programs as users write them, and what is none because a descriptor, a signal or a thread may come. The
// accidents are in deadlock_accidents.cpp.

#include <gtest/gtest.h>

#include <string>

#include <support/accident.hpp>

namespace {

using weft::testing::accident_end;
using weft::testing::run_accident;

void expect_deadlock(const std::string& name, const std::string& dump) {
  const accident_end end = run_accident(name);
  EXPECT_EQ(end.exit_status, 2) << name << ": " << end.text;
  const testing::Matcher<const std::string&> says(testing::ContainsRegex("asleep - deadlock!\n.*" + dump));
  EXPECT_TRUE(says.Matches(end.text)) << name << ": " << end.text;
}

TEST(deadlock, on_a_channel_or_between_mutexes_is_said_with_who_waits_for_what) {
  expect_deadlock("deadlock_on_a_channel", "fiber #[0-9]+ 'main'.*: channel receive");
  expect_deadlock("deadlock_of_two_mutexes", "fiber #[0-9]+ 'a then b'.*: mutex");
  expect_deadlock("deadlock_beside_an_open_listener", "channel receive");
}

void expect_left_alone(const std::string& name) {
  const accident_end end = run_accident(name);
  EXPECT_EQ(end.exit_status, 42) << name << ": " << end.text;
}

TEST(deadlock, is_not_said_while_a_descriptor_or_a_thread_may_come) {
  for (const char* name : {"asleep_in_accept", "asleep_in_a_read", "asleep_until_a_plain_thread_sends"})
    expect_left_alone(name);
}

TEST(deadlock, is_not_said_while_a_signal_may_come) {
  if (weft::testing::keeps_signals_back()) GTEST_SKIP();
  expect_left_alone("asleep_until_a_signal");
}

TEST(deadlock, is_not_what_waits_for_a_lookup_that_others_gave_up) {
  for (const char* const each :
       {"waits_for_the_answer_to_one_that_gave_up", "waits_for_the_place_of_one_that_gave_up"}) {
    const weft::testing::accident_end end = weft::testing::run_accident(each);
    EXPECT_EQ(end.exit_status, 0) << each << ": " << end.text;
  }
}

}  // namespace
