// The source lines of a dump: of a frame, of what was inlined there, and what it says where they cannot be had.

#include <gtest/gtest.h>
#include <support/contains.hpp>

#include <array>
#include <sstream>
#include <string>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/dump.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "libdw.hpp"
#include "source_lines.hpp"
#include "stack_walk.hpp"

namespace {

// Where the calls below stand.
struct called_lines {
  int sleeps;
  int calls_inlined;
};

[[gnu::always_inline]] inline void dump_lines_inlined(int& sleeps) {
  sleeps = __LINE__ + 1;
  weft::this_fiber::sleep_for(std::chrono::hours(1));
}

}  // namespace

// Not static: the linker keeps its name.
[[gnu::noinline]] void dump_lines_outer(called_lines& at) {
  at.calls_inlined = __LINE__ + 1;
  dump_lines_inlined(at.sleeps);
  __asm__ __volatile__("");  // no tail call
}

namespace {

using weft::detail::learn_lines;
using weft::detail::line_of;
using weft::testing::contains;

// Null: lines are told. A release build has no debug information, whatever is installed.
const char* why_no_lines() {
  if (!weft::detail::k_walks_parked_stacks) return "no stack is walked on this processor";
  if (weft::detail::find_libdw() == nullptr) return "libdw is not installed (Debian: libdw1)";
  const void* const here = reinterpret_cast<const char*>(&dump_lines_outer) + 1;
  (void)learn_lines({&here, 1});
  return line_of(here).empty() ? "built without debug information" : nullptr;
}

std::string dump_in_words() {
  std::ostringstream text;
  weft::dump(text);
  return text.str();
}

std::string at_line(int line) { return "dump_lines_test\\.cpp:" + std::to_string(line); }

// By a fiber whose stack is too small for who reads debug information.
FIBER_TEST(dump, tells_the_line_of_each_frame_and_of_what_was_inlined_there) {
  if (const char* const why = why_no_lines()) GTEST_SKIP() << why;
  called_lines at{};
  const auto sleeper = weft::spawn({.name = "sleeper"}, [&at] { dump_lines_outer(at); });
  weft::testing::wait_until_all_parked();
  std::string text;
  weft::spawn({.name = "small", .stack_size = 64 << 10}, [&text] { text = dump_in_words(); }).join();
#if defined(__clang__)
  const std::string innermost = ":[0-9]+";  // where it was optimized, the line of the sleep's own call
#else
  const std::string innermost = at_line(at.sleeps);
#endif
  EXPECT_TRUE(contains(text, "dump_lines_outer\\(.*\\)\\+0x[0-9a-f]+ at [^ ]*" + at_line(at.calls_inlined) +
                                 " \\(inlined: [^ ]*" + innermost + "\\) in "))
      << text;
  EXPECT_EQ(text.find("is installed"), std::string::npos) << text;
}

FIBER_TEST(dump, tells_the_line_of_a_site_that_is_an_address) {
  if (const char* const why = why_no_lines()) GTEST_SKIP() << why;
  const int line = __LINE__ + 1;
  const auto sleeper = weft::spawn([](int hours) { weft::this_fiber::sleep_for(std::chrono::hours(hours)); }, 1);
  weft::testing::wait_until_all_parked();
  const std::string text = dump_in_words();
  EXPECT_TRUE(contains(text, "spawned at [^\n]* at [^ ]*" + at_line(line) + " in [^ ]*: parked for .*: sleep")) << text;
}

// As it is wherever nobody installed it.
FIBER_TEST(dump, says_at_its_end_how_to_get_lines_where_there_is_no_libdw) {
  if (!weft::detail::k_walks_parked_stacks) GTEST_SKIP() << "no stack is walked on this processor";
  weft::detail::look_for_libdw_as("libdw-that-nobody-has.so.1");
  called_lines at{};
  const auto sleeper = weft::spawn([&at] { dump_lines_outer(at); });
  weft::testing::wait_until_all_parked();
  const std::string text = dump_in_words();
  weft::detail::look_for_libdw_as(weft::detail::k_libdw);
  EXPECT_TRUE(
      contains(text, "\nweft: a dump tells file and line [^\n]* where libdw is installed [^\n]*libdw1[^\n]*\n$"))
      << text;
  EXPECT_EQ(text.find("is installed"), text.rfind("is installed")) << text;
}

TEST(source_lines, are_known_of_nothing_but_code) {
  const std::array<const void*, 3> odd = {nullptr, reinterpret_cast<const void*>(std::uintptr_t{16}), &odd};
  if (!learn_lines(odd)) GTEST_SKIP() << "libdw is not installed";
  for (const void* const each : odd) EXPECT_EQ(line_of(each), "");
}

}  // namespace
