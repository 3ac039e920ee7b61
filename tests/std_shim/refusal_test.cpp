// Room: tests. What becomes of a program to which the system refuses something now and then.

#include <gtest/gtest.h>
#include <support/accident.hpp>

namespace {

TEST(refusals, reach_who_asked_and_harm_nobody_else) {
  const weft::testing::accident_end end = weft::testing::run_accident("refusals_by_seed");
  EXPECT_EQ(end.exit_status, 0) << end.text;
}

TEST(refusals, one_after_another_leave_nothing_behind) {
  const weft::testing::accident_end end = weft::testing::run_accident("each_refusal_in_turn");
  EXPECT_EQ(end.exit_status, 0) << end.text;
}

TEST(refusals, by_a_filter_that_forbids_what_it_does_not_know_are_gone_around) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__linux__)
  GTEST_SKIP() << "Linux alone, and without sanitizers, which have these calls themselves";
#else
  const weft::testing::accident_end end = weft::testing::run_accident("calls_that_a_filter_forbids");
  EXPECT_EQ(end.exit_status, 0) << end.text;
#endif
}

// A lookup that is refused just as its fiber is asked to end: neither is lost, and nobody waits for what never began.
TEST(refusals, of_a_lookup_meet_a_request_to_end) {
  const weft::testing::accident_end end = weft::testing::run_accident("refused_lookup_meets_a_stop");
  EXPECT_EQ(end.exit_status, 0) << end.text;
}

}  // namespace
