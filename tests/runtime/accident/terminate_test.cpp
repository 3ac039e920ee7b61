// The last words of a process that ends by std::terminate or a failed check. The accidents are in
// terminate_accidents.cpp.

#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include <support/accident.hpp>

namespace {

using weft::testing::accident_end;
using weft::testing::run_accident;

void expect_abort(const std::string& name, const std::string& text) {
  const accident_end end = run_accident(name);
  EXPECT_EQ(end.signal, SIGABRT) << name << ": " << end.text;
  const testing::Matcher<const std::string&> says(testing::ContainsRegex(text));
  EXPECT_TRUE(says.Matches(end.text)) << name << ": " << end.text;
}

TEST(terminate, names_the_fiber_its_site_and_what_was_thrown) {
  expect_abort("exception_out_of_a_detached_fiber",
               "weft: an exception ended fiber #[0-9]+ 'unlucky', spawned at .*terminate_accidents.cpp:[0-9]+: nobody "
               "looks\n");
  expect_abort("exception_out_of_a_fiber_whose_handle_let_go", "ended fiber #[0-9]+ 'let go', .*: nobody looks\n");
  expect_abort("exception_of_a_fiber_whose_handle_lets_go_too_late",
               "ended fiber #[0-9]+ 'long gone', spawned at .*terminate_accidents.cpp:[0-9]+: nobody looks\n");
  expect_abort("an_int_out_of_a_detached_fiber", "ended fiber #[0-9]+, .*: an exception that is no std::exception\n");
}

TEST(terminate, is_not_what_an_exception_dropped_with_its_handle_ends_in) {
  const accident_end end = run_accident("exceptions_that_are_dropped_with_their_handles");
  EXPECT_EQ(end.exit_status, 42) << end.text;
  const std::string line = "weft: an exception was dropped with the join_handle of fiber #[0-9]+ ";
  const std::string site = ", spawned at .*terminate_accidents.cpp:[0-9]+: nobody looks; join it, [^\n]*\n";
  const testing::Matcher<const std::string&> says(testing::ContainsRegex(
      "^" + line + "'dropped'" + site + line + "'outlived'" + site + "(" + line + "'one of many'" + site +
      "){14}weft: more exceptions were dropped with handles; they are told no longer\n$"));
  EXPECT_TRUE(says.Matches(end.text)) << end.text;
}

TEST(terminate, comes_to_the_programs_own_handler_at_the_throw) {
  const accident_end end = run_accident("exception_in_a_program_with_a_terminate_handler");
  EXPECT_EQ(end.exit_status, 7);
  const testing::Matcher<const std::string&> says(
      testing::ContainsRegex("'unlucky'.*: nobody looks\nhandled by the program, all frames intact\n"));
  EXPECT_TRUE(says.Matches(end.text)) << end.text;
}

TEST(terminate, of_a_plain_thread_names_no_fiber) {
  const accident_end end = run_accident("terminate_in_a_plain_thread");
  EXPECT_EQ(end.signal, SIGABRT);
  EXPECT_EQ(end.text.find("weft:"), std::string::npos) << end.text;
}

TEST(terminate, of_a_group_that_its_own_member_destroys_names_the_member_and_the_remedy) {
  expect_abort("task_group_that_its_member_destroys",
               "task_group: destroyed by a member of its own, .* let them keep what they use .* on fiber #[0-9]+ "
               "'session', spawned at .*terminate_accidents.cpp:");
}

TEST(terminate, by_a_cancellation_in_a_destructor_names_the_remedy) {
  expect_abort("cancellation_in_a_destructor",
               "an exception ended fiber #[0-9]+ 'leaseholder', spawned at .*: weft: the fiber was cancelled in a "
               "destructor or another noexcept function that waits; hold a weft::shield_guard there, or wait in "
               "weft::shield");
}

TEST(check, tells_of_a_shield_guard_out_of_its_scope) {
  expect_abort(
      "shield_guard_that_another_fiber_destroys",
      "shield_guard: destroyed by another fiber than the one that made it: let it live in a scope of that one");
  expect_abort("shield_guard_beyond_its_time_limit", "shield_guard: destroyed inside or outside of the time limit");
}

TEST(check, names_the_message_the_values_the_condition_the_place_and_who_ran) {
  expect_abort("failed_check_in_a_fiber",
               "weft: check failed: arithmetic: must hold: 1 one \\(1 \\+ 1 == 3\\) at "
               ".*terminate_accidents.cpp:[0-9]+, on fiber #[0-9]+ 'main', spawned at .*terminate_accidents.cpp:");
  expect_abort("pin_guard_that_another_fiber_destroys",
               "pin_guard: destroyed by another fiber than the one that made it");
  expect_abort("failed_check_in_a_plain_thread", "must hold \\(two == 3\\) at .*, on a plain thread\n");
}

}  // namespace
