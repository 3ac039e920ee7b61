// Code that is deep, though nobody sees it: what std::regex takes of a stack grows with the text.

#include <gtest/gtest.h>

#include <cstddef>
#include <regex>
#include <string>

#include <support/fiber_test.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>

#include "sanitizers.hpp"

namespace {

bool matches(std::size_t length) { return std::regex_match(std::string(length, 'a'), std::regex("[a-z]*")); }

// At 0.3 KiB a character; sanitizers treble it.
#if defined(WEFT_ASAN) || defined(WEFT_TSAN)
constexpr std::size_t k_for_the_default = 100;
#else
constexpr std::size_t k_for_the_default = 400;
#endif
constexpr std::size_t k_long = 5'000;  // 1.5 MiB

TEST(deep_code, a_regex_over_some_hundred_characters_fits_the_default_stack) {
  weft::run([] { EXPECT_TRUE(weft::spawn(matches, k_for_the_default).join()); });
}

FIBER_TEST(deep_code, a_regex_over_a_long_text_fits_where_it_is_given_room) {
  EXPECT_TRUE(matches(k_long)) << "main's";
  EXPECT_TRUE(weft::spawn({.stack_size = std::size_t{8} << 20}, [] { return matches(k_long); }).join());
  EXPECT_TRUE(weft::blocking([] { return matches(k_long); }));
}

TEST(deep_code, main_has_its_room_in_a_runtime_of_small_stacks_too) {
  EXPECT_TRUE(weft::run({.stack_size = 16 << 10}, [] { return matches(k_long); }));
}

}  // namespace
