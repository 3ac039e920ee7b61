// Room: tests. What a child of fork() has of weft.

#include <string>

#include <gtest/gtest.h>
#include <support/accident.hpp>

#include "sanitizers.hpp"

namespace {

class after_fork : public testing::TestWithParam<const char*> {};

TEST_P(after_fork, all_works_or_is_refused) {
#if defined(WEFT_TSAN)
  GTEST_SKIP() << "it lets no process fork that has threads, and begin others";
#endif
  // A child has the memory of its parent's threads, and none of the threads: to a leak check at its end that is lost.
  const weft::testing::accident_end end = weft::testing::run_accident(GetParam(), "ASAN_OPTIONS=detect_leaks=0");
  EXPECT_EQ(end.exit_status, 0) << end.text;
}

INSTANTIATE_TEST_SUITE_P(children, after_fork,
                         testing::Values("fork_after_a_run", "fork_in_a_fiber", "fork_in_a_blocking_call",
                                         "fork_beside_a_static_runtime"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
