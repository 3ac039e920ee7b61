// Room: tests. The end of a runtime ends every wait: end_accidents.cpp.

#include <gtest/gtest.h>

#include <support/accident.hpp>

namespace {

TEST(ends, of_a_runtime_end_every_wait) {
  const weft::testing::accident_end end = weft::testing::run_accident("end_of_every_wait");
  EXPECT_EQ(end.exit_status, 0) << end.text;
}

}  // namespace
