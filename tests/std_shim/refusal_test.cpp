// Room: tests. What becomes of a program to which the system refuses something now and then.

#include <gtest/gtest.h>
#include <support/accident.hpp>

namespace {

TEST(refusals, reach_who_asked_and_harm_nobody_else) {
  const weft::testing::accident_end end = weft::testing::run_accident("refusals_by_seed");
  EXPECT_EQ(end.exit_status, 0) << end.text;
}

}  // namespace
