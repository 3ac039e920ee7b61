// The library weft_held_locks, and what a debug build of weft says with it. The accidents are in
// held_lock_accidents.cpp; they have weft linked into them. tests/install/run_held_locks_test.sh has a shared libweft.

#include <gtest/gtest.h>

#include <string>

#include <support/accident.hpp>

namespace {

using weft::testing::accident_end;
using weft::testing::run_accident;

class held_locks : public testing::Test {
 protected:
  void SetUp() override {
    if (library.empty()) GTEST_SKIP() << "sanitizers have interceptors of these names";
  }
  [[nodiscard]] accident_end end_of(const std::string& name) const {
    return run_accident(name, "LD_PRELOAD=" + library);
  }
  static std::size_t times(const std::string& text, const std::string& what) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
  }

  const std::string library = WEFT_HELD_LOCKS_LIBRARY;
};

#if defined(WEFT_TRACKS_OWNERS)

TEST_F(held_locks, each_is_named_once_with_the_fiber_and_where_it_was_taken) {
  const accident_end end = end_of("a_std_mutex_over_a_yield_and_a_sleep");
  EXPECT_EQ(end.exit_status, 0);
  EXPECT_EQ(times(end.text, "fiber #"), 2u) << end.text;
  EXPECT_EQ(times(end.text, "'holder', spawned at "), 2u) << end.text;
  EXPECT_EQ(times(end.text, "yields while its thread holds a std::mutex"), 1u) << end.text;
  EXPECT_EQ(times(end.text, "parks (sleep) while its thread holds a std::mutex"), 1u) << end.text;
  EXPECT_EQ(times(end.text, "use weft::mutex"), 2u) << end.text;
  EXPECT_EQ(times(end.text, ", taken at "), 2u) << end.text;
  EXPECT_EQ(times(end.text, "sleep_until"), 1u) << end.text;  // in the trace of the second
}

TEST_F(held_locks, a_shared_lock_is_one) {
  const accident_end end = end_of("a_std_shared_mutex_over_a_channel_receive");
  EXPECT_EQ(end.exit_status, 0);
  EXPECT_EQ(times(end.text, "parks (channel receive) while its thread holds"), 1u) << end.text;
}

TEST_F(held_locks, of_those_that_were_given_back_and_of_ours_nothing_is_said) {
  const accident_end end = end_of("locks_that_are_free_again_before_the_fiber_parks");
  EXPECT_EQ(end.exit_status, 0);
  EXPECT_EQ(end.text, "");
}

#else

TEST_F(held_locks, a_build_that_tracks_no_owners_does_not_pass_for_sound) {
  const accident_end end = end_of("a_std_mutex_over_a_yield_and_a_sleep");
  EXPECT_EQ(end.exit_status, 0);
  EXPECT_EQ(times(end.text, "weft: libweft_held_locks had nothing to do: "), 1u) << end.text;
  EXPECT_EQ(times(end.text, "\n"), 1u) << end.text;
}

#endif

TEST_F(held_locks, of_a_program_that_runs_no_fiber_it_says_that_it_had_nothing_to_do) {
  const accident_end end = end_of("no_fiber_at_all");
  EXPECT_EQ(end.exit_status, 0);
  EXPECT_EQ(times(end.text, "weft: libweft_held_locks had nothing to do: "), 1u) << end.text;
  EXPECT_EQ(times(end.text, "\n"), 1u) << end.text;
}

TEST_F(held_locks, without_the_library_nothing_is_said) {
  const accident_end end = run_accident("a_std_mutex_over_a_yield_and_a_sleep");
  EXPECT_EQ(end.exit_status, 0);
  EXPECT_EQ(end.text, "");
}

}  // namespace
