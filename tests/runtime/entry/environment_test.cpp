// What the process is given from outside, and how bad input is refused.

#include "environment.hpp"
#include "settings.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

#include <weft/runtime/runtime.hpp>

namespace {

using namespace weft::detail;

class with_variable {
 public:
  with_variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value, 1);
  }
  ~with_variable() { before_.empty() ? ::unsetenv(name_) : ::setenv(name_, before_.c_str(), 1); }

 private:
  const char* name_;
  std::string before_;
};

std::string refusal_of(const weft::options& wanted) {
  try {
    (void)settle_options(wanted);
    return "";
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
}

TEST(environment, code_beats_environment_beats_default) {
  EXPECT_GE(settle_options({}).workers, 1u);
  EXPECT_EQ(settle_options({}).stack_size, 256u << 10);
  const with_variable workers("WEFT_WORKERS", "3");
  const with_variable stacks("WEFT_STACK_SIZE", "64k");
  EXPECT_EQ(settle_options({}).workers, 3u);
  EXPECT_EQ(settle_options({}).stack_size, 64u << 10);
  EXPECT_EQ(settle_options({.workers = 2}).workers, 2u);
}

TEST(environment, empty_and_zero_mean_not_given) {
  const with_variable empty("WEFT_STACK_SIZE", "");
  EXPECT_EQ(settle_options({}).stack_size, 256u << 10);
  const with_variable zero("WEFT_STACK_SIZE", "0");
  EXPECT_EQ(settle_options({}).stack_size, 256u << 10);
}

TEST(environment, says_a_duration_with_its_unit) {
  using namespace std::chrono_literals;
  EXPECT_EQ(settle_options({}).end_limit, 0s);
  for (const auto& [text, means] : {std::pair{"1500ms", 1500ms}, {"2s", 2000ms}, {"", 0ms}}) {
    const with_variable limit("WEFT_END_LIMIT", text);
    EXPECT_EQ(settle_options({}).end_limit, means);
    EXPECT_EQ(settle_options({.end_limit = 3s}).end_limit, 3s);
  }
  for (const char* bad : {"5", "-1s", "-0s", "1m", "s", "1 s", "99999999999999999999s", "9999999999s"}) {
    const with_variable limit("WEFT_END_LIMIT", bad);
    EXPECT_NE(refusal_of({}).find("WEFT_END_LIMIT='" + std::string(bad) + "'"), std::string::npos) << bad;
  }
  EXPECT_NE(refusal_of({.end_limit = -1ns}).find("end_limit='-1 ns'"), std::string::npos);
}

TEST(environment, bad_values_are_refused_naming_variable_and_value) {
  for (const char* bad : {"four", "-1", "4x", " 4", "4 ", "99999999999999999999", "0x4", "1e3"}) {
    const with_variable workers("WEFT_WORKERS", bad);
    const std::string text = refusal_of({});
    EXPECT_NE(text.find("WEFT_WORKERS='" + std::string(bad) + "'"), std::string::npos) << bad << ": " << text;
  }
  const with_variable stacks("WEFT_STACK_SIZE", "64q");
  EXPECT_NE(refusal_of({}).find("64q"), std::string::npos);
}

TEST(environment, values_that_cannot_be_are_refused) {
  EXPECT_NE(refusal_of({.workers = 257}).find("257"), std::string::npos);
  EXPECT_NE(refusal_of({.stack_size = std::size_t{1} << 40}).find("stack_size"), std::string::npos);
  EXPECT_THROW(weft::runtime(weft::options{.workers = 100000}), std::invalid_argument);
}

TEST(environment, a_stack_size_over_the_maximum_is_refused_naming_where_it_came_from_the_value_and_the_bound) {
  EXPECT_NE(refusal_of({.stack_size = (std::size_t{1} << 30) + 1}).find("stack_size='1073741825': at most 1 GiB"),
            std::string::npos);
  const with_variable stacks("WEFT_STACK_SIZE", "1025m");
  const std::string text = refusal_of({});
  EXPECT_NE(text.find("WEFT_STACK_SIZE='1025m': at most 1 GiB"), std::string::npos) << text;
}

TEST(environment, a_stack_size_under_the_minimum_is_refused_and_not_raised_in_silence) {
  EXPECT_NE(refusal_of({.stack_size = 100}).find("stack_size='100': at least 16 KiB"), std::string::npos);
  EXPECT_EQ(refusal_of({.stack_size = 16384}), "");
  const with_variable stacks("WEFT_STACK_SIZE", "1");
  const std::string text = refusal_of({});
  EXPECT_NE(text.find("WEFT_STACK_SIZE='1': at least 16 KiB"), std::string::npos) << text;
}

TEST(environment, suffixes_do_not_overflow) {
  EXPECT_EQ(parse_number("x", "2m", true), std::uint64_t{2} << 20);
  EXPECT_EQ(parse_number("x", "3g", true), std::uint64_t{3} << 30);
  EXPECT_THROW((void)parse_number("x", "18446744073709551615k", true), std::invalid_argument);
  EXPECT_THROW((void)parse_number("x", "2m", false), std::invalid_argument);
}

TEST(environment, some_cpu_is_usable) { EXPECT_GE(usable_cpus(), 1u); }

}  // namespace
