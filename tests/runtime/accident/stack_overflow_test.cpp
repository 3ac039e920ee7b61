// A stack overflow names its fiber; any other fault goes where it would have gone without weft. The accidents are in
// fault_accidents.cpp.

#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <string>

#include <support/accident.hpp>

#include "fixed_text.hpp"
#include "sanitizers.hpp"

namespace {

using weft::testing::accident_end;
using weft::testing::run_accident;

TEST(fixed_text, puts_numbers_and_addresses_together_and_leaves_out_what_does_not_fit) {
  weft::detail::fixed_text text;
  text << "a" << std::uint64_t{0} << " " << std::uint64_t{18446744073709551615u} << " ";
  text.add_address(reinterpret_cast<const void*>(std::uintptr_t{0xbeef}));
  EXPECT_EQ(text.text(), "a0 18446744073709551615 0xbeef");
  text << std::string(2000, 'x');
  EXPECT_EQ(text.text().size(), 1024u);
}

#if !defined(WEFT_ASAN)

void expect_overflow(const std::string& name, const std::string& text) {
  const accident_end end = run_accident(name);
#if !defined(WEFT_TSAN)  // whose own handler was there before, and exits
  EXPECT_EQ(end.signal, SIGSEGV) << name << ": " << end.text;
#endif
  EXPECT_TRUE(testing::Matcher<const std::string&>(testing::ContainsRegex(text)).Matches(end.text))
      << name << ": " << end.text;
}

TEST(stack_overflow, names_the_fiber_its_site_its_stack_and_the_remedy) {
  expect_overflow(
      "overflow_of_a_named_fiber",
      "weft: stack overflow in fiber #[0-9]+ 'deep', spawned at .*fault_accidents.cpp:[0-9]+: all "
      "48 KiB of its stack are used up .64 KiB with its guard.; .*spawn_options.stack_size.*WEFT_STACK_SIZE");
}

TEST(stack_overflow, is_told_on_stacks_of_every_width_of_guard) {
  expect_overflow("overflow_of_the_default_stack", "all 192 KiB .*.256 KiB with its guard");
  expect_overflow("overflow_of_the_main_fiber", "'main'.* all 8128 KiB .*.8192 KiB with its guard");
  expect_overflow("overflow_of_the_smallest_stack", "all 12 KiB .*.16 KiB with its guard");
}

TEST(stack_overflow, of_a_helper_thread_names_the_fiber_whose_call_it_serves) {
  expect_overflow("overflow_in_blocking",
                  "in weft::blocking, in the call that returns to 0x[0-9a-f]+, of fiber #[0-9]+ 'asks', spawned at "
                  ".*fault_accidents.cpp:[0-9]+: all [0-9]+ KiB of its helper thread's stack.*ulimit -s");
  expect_overflow("overflow_in_blocking_by_the_next_caller", "of fiber #[0-9]+ 'second'");
}

#if !defined(WEFT_TSAN)  // which runs handlers when it likes, and has a signal stack of its own
TEST(stack_overflow, of_a_handler_on_a_signal_stack_names_the_thread_and_whom_it_runs) {
  expect_overflow("overflow_of_a_handler_on_a_worker",
                  "in a signal handler on thread [0-9]+, which runs fiber #[0-9]+ 'hit', .*: all 124 KiB");
  expect_overflow("overflow_of_a_handler_in_blocking", "in a signal handler on thread [0-9]+: all 124 KiB");
}
#endif

TEST(stack_overflow, of_a_fiber_spawned_with_arguments_names_the_return_address) {
  expect_overflow("overflow_of_a_fiber_spawned_with_arguments",
                  "in fiber #[0-9]+, spawned by the call that returns to 0x[0-9a-f]+:");
}

TEST(stack_overflow, is_told_on_a_thread_that_joined_later) { expect_overflow("overflow_on_a_spare", "'deep'"); }

TEST(stack_overflow, is_told_after_migrations) { expect_overflow("overflow_after_migrations", "'hops'"); }

TEST(stack_overflow, kills_though_the_handler_that_was_there_has_no_stack_to_run_on) {
  expect_overflow("overflow_in_a_program_with_a_handler", "stack overflow in fiber #[0-9]+ 'main'");
}

#if !defined(WEFT_TSAN)  // which has a handler of its own
TEST(stack_overflow, another_fault_is_none) {
  for (const char* name : {"fault_in_a_fiber", "fault_in_blocking", "fault_in_a_plain_thread"}) {
    const accident_end end = run_accident(name);
    EXPECT_EQ(end.signal, SIGSEGV) << name;
    EXPECT_EQ(end.text, "") << name;
  }
}

TEST(stack_overflow, a_signal_that_was_sent_is_none) {
  const accident_end end = run_accident("a_fault_signal_that_was_sent");
  EXPECT_EQ(end.signal, SIGBUS);
  EXPECT_EQ(end.text, "");
}
#endif

TEST(stack_overflow, another_fault_reaches_the_handler_that_was_there_before) {
  for (const char* name :
       {"fault_in_a_fiber_of_a_program_with_a_handler", "fault_in_a_plain_thread_of_a_program_with_a_handler"}) {
    const accident_end end = run_accident(name);
    EXPECT_EQ(end.exit_status, 7) << name;
    EXPECT_EQ(end.text, "handled by the program\n") << name;
  }
}

TEST(stack_overflow, a_handler_that_mends_what_faulted_is_called_each_time) {
  const accident_end end = run_accident("a_handler_that_mends_what_faulted");
  EXPECT_EQ(end.exit_status, 0) << end.signal << ": " << end.text;
}

TEST(stack_overflow, a_signal_that_was_sent_and_is_ignored_is_still_ignored) {
  EXPECT_EQ(run_accident("a_fault_signal_that_was_sent_and_is_ignored").exit_status, 0);
}

#endif

}  // namespace
