// Ends of runtimes that are delayed, given up, or stand where they cannot be complete. The accidents are in
// end_accidents.cpp; that every wait ends is std_shim/ends_test.cpp's.

#include <gtest/gtest.h>

#include <string>

#include <support/accident.hpp>

#include "sanitizers.hpp"

namespace {

using weft::testing::accident_end;
using weft::testing::run_accident;

void expect_in(const accident_end& end, const std::string& regex) {
  const testing::Matcher<const std::string&> says(testing::ContainsRegex(regex));
  EXPECT_TRUE(says.Matches(end.text)) << end.text;
}

TEST(end_of_a_runtime, is_given_up_after_its_limit_and_names_who_delays_it) {
  for (const accident_end& end : {run_accident("end_that_is_given_up"),
                                  run_accident("end_that_is_given_up_by_the_environment", "WEFT_END_LIMIT=50ms")}) {
    EXPECT_EQ(end.exit_status, 3);
    expect_in(end, "weft: the end of the runtime waits for 3 fibers:\n");
    expect_in(end, "'blocks', spawned at .*end_accidents.cpp:[0-9]+: in a blocking call, whose function has to .*");
    expect_in(end, "'shielded', spawned at .*: waits: sleep, held back by a shield or in a destructor\n");
    expect_in(end, "'computes', spawned at .*: runs: it computes, or blocks its thread\n");
    expect_in(end, "given up after 50 ms \\(options.end_limit, WEFT_END_LIMIT\\); exit status 3\n");
  }
}

TEST(end_of_a_runtime, by_exit_on_a_fiber_of_it_ends_the_others_and_leaves_that_one) {
#if defined(WEFT_TSAN)
  GTEST_SKIP() << "exit() destroys what main still waits in: a race, whatever comes of it";
#endif
  for (const char* name : {"exit_in_a_blocking_call", "exit_on_a_fiber"}) {
    const accident_end end = run_accident(name);
    EXPECT_EQ(end.exit_status, 7) << name << ": " << end.text;
    EXPECT_EQ(end.text, "the other fiber has ended\nthe program has ended\n") << name;
  }
}

TEST(end_of_a_runtime, in_a_blocking_call_of_its_own_is_refused) {
  const accident_end end = run_accident("stop_in_a_blocking_call_of_its_own");
  EXPECT_EQ(end.exit_status, 0) << end.text;
  expect_in(end, "weft: runtime::stop in a blocking call of one of its own fibers, .*: let another thread stop it");
}

}  // namespace
