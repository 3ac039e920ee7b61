// Room: tests of netpoll. Forked processes and their parents' children; a process that waits for ever beside one that
// it let go: process_accidents.cpp.

#include <gtest/gtest.h>

#include <support/accident.hpp>

namespace weft::testing {
namespace {

// A forked process has the memory of its parent's threads, and none of the threads: to a leak check that is lost.
void expect_forked_well(const char* name) {
  const accident_end end = run_accident(name, "ASAN_OPTIONS=detect_leaks=0");
  EXPECT_EQ(end.exit_status, 0) << end.text;
}

TEST(process_ends, a_forked_process_reaps_its_own_and_leaves_its_parents_alone) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "it lets no process fork that has threads, and begin others";
#endif
  expect_forked_well("fork_beside_a_child_that_was_let_go");
}

TEST(process_ends, a_forked_process_closes_nothing_for_its_parent) {
  expect_forked_well("fork_closes_what_its_parent_reads");
}

TEST(process_ends, a_child_that_was_let_go_hides_no_deadlock) {
#if defined(WEFT_KQUEUE_IS_EMULATED)
  GTEST_SKIP() << "libkqueue runs two threads of its own, and of what they may still do nobody knows";
#endif
  const accident_end end = run_accident("deadlock_beside_a_child_that_was_let_go");
  EXPECT_EQ(end.exit_status, 2) << end.text;
  EXPECT_NE(end.text.find("all fibers are asleep - deadlock!"), std::string::npos) << end.text;
}

}  // namespace
}  // namespace weft::testing
