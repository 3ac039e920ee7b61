// SIGQUIT writes the dump, where nobody else wanted it. The processes are in quit_accidents.cpp.

#include <gtest/gtest.h>
#include <support/contains.hpp>

#include <csignal>
#include <string>

#include <support/accident.hpp>

namespace {

using weft::testing::accident_end;
using weft::testing::contains;
using weft::testing::run_accident;

TEST(quit, writes_the_dump_and_the_process_goes_on) {
  if (weft::testing::keeps_signals_back()) GTEST_SKIP();
  const accident_end end = run_accident("quit_writes_the_dump");
  EXPECT_EQ(end.exit_status, 42) << end.text;
  EXPECT_TRUE(contains(end.text,
                       "^weft: 1 fiber\nfiber #[0-9]+ 'main', spawned at .*quit_accidents.cpp:.*\n"
                       "(.*\n)*weft: 1 fiber\nfiber #[0-9]+ 'main'"))
      << end.text;
}

TEST(quit, ends_the_process_where_no_run_is_or_the_options_say_so) {
  for (const char* name : {"quit_after_run_ends_the_process", "quit_ends_the_process_if_the_options_say_so",
                           "quit_beside_a_runtime_of_a_host_ends_the_process"}) {
    const accident_end end = run_accident(name);
    EXPECT_EQ(end.signal, SIGQUIT) << name;
    EXPECT_EQ(end.text, "") << name;
  }
}

TEST(quit, is_left_to_a_program_that_handles_or_ignores_it) {
  for (const char* name : {"quit_is_ignored_where_it_was", "quit_goes_to_the_handler_of_the_program"}) {
    if (weft::testing::keeps_signals_back() && name != std::string("quit_is_ignored_where_it_was")) GTEST_SKIP();
    const accident_end end = run_accident(name);
    EXPECT_EQ(end.exit_status, 42) << name << ", signal " << end.signal;
    EXPECT_EQ(end.text, "") << name;
  }
}

}  // namespace
