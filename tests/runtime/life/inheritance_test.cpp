// What threads of ours and children inherit. The accidents are in inheritance_accidents.cpp.

#include <csignal>

#include <gtest/gtest.h>
#include <support/accident.hpp>

namespace {

void expect_right(const char* name) {
  const weft::testing::accident_end end = weft::testing::run_accident(name);
  EXPECT_EQ(end.exit_status, 0) << name << ": signal " << end.signal << ", " << end.text;
}

TEST(inheritance, a_helper_has_nothing_of_the_fiber_that_made_it_nor_of_the_call_before) {
  expect_right("helper_made_by_a_fiber_with_a_thread_of_its_own_kind");
}

TEST(inheritance, children_have_the_signal_mask_of_who_made_the_runtime) {
  expect_right("children_of_a_fiber_and_of_a_helper");
  expect_right("child_of_a_fiber_whose_runtime_was_made_with_sigterm_blocked");
}

TEST(inheritance, what_a_fiber_raises_is_acted_upon) {
  EXPECT_EQ(weft::testing::run_accident("sigterm_raised_in_a_fiber").signal, SIGTERM);
  expect_right("handler_of_what_a_fiber_and_a_helper_raise");
}

}  // namespace
