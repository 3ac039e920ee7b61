// Room: tests. The end of a runtime ends every wait: end_accidents.cpp. What it leaves, a child of fork() may use, too:
// fork_accidents.cpp.

#include <gtest/gtest.h>

#include <support/accident.hpp>

namespace {

TEST(ends, of_a_runtime_end_every_wait) {
  const weft::testing::accident_end end = weft::testing::run_accident("end_of_every_wait");
  EXPECT_EQ(end.exit_status, 0) << end.text;
}

TEST(ends, of_a_runtime_leave_mutexes_and_channels_that_a_child_of_fork_may_use) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "it lets no process fork that has threads, and begin others";
#endif
  // A child has the memory of its parent's threads, and none of the threads: to a leak check at its end that is lost.
  const weft::testing::accident_end end =
      weft::testing::run_accident("fork_with_what_a_run_has_left", "ASAN_OPTIONS=detect_leaks=0");
  EXPECT_EQ(end.exit_status, 0) << end.text;
}

}  // namespace
