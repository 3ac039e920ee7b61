// Room: tests of posix. What a child of fork() does with its parent's numbers: fork_accidents.cpp.

#include <gtest/gtest.h>

#include <support/accident.hpp>

namespace {

TEST(posix_fork, leaves_a_child_libcs_own_calls_and_its_parent_its_waits) {
  // A child has the memory of its parent's threads, and none of the threads: to a leak check at its end that is lost.
  const weft::testing::accident_end end =
      weft::testing::run_accident("fork_with_numbers_that_are_waited_for", "ASAN_OPTIONS=detect_leaks=0");
  EXPECT_EQ(end.exit_status, 0) << end.text;
}

}  // namespace
