// How a process ends by an exception out of a thread. The accidents are in terminate_accidents.cpp.

#include <gtest/gtest.h>

#include <string>

#include <support/accident.hpp>

namespace {

void expect_handled_at_the_throw(const std::string& name, const std::string& text) {
  const weft::testing::accident_end end = weft::testing::run_accident(name);
  EXPECT_EQ(end.exit_status, 7) << name << ": " << end.text;
  const testing::Matcher<const std::string&> says(
      testing::ContainsRegex(text + "\nhandled by the program, all frames intact\n"));
  EXPECT_TRUE(says.Matches(end.text)) << name << ": " << end.text;
}

TEST(terminate, of_a_thread_comes_at_the_throw_with_the_frames_intact) {
  for (const char* name : {"exception_out_of_a_thread", "exception_out_of_a_jthread"})
    expect_handled_at_the_throw(name, "weft: an exception ended fiber #[0-9]+, .*: nobody looks");
}

TEST(terminate, comes_from_a_thread_that_is_destroyed_joinable) {
  expect_handled_at_the_throw("thread_destroyed_joinable", "weft: std::terminate was called in fiber #[0-9]+ 'main'.*");
}

}  // namespace
