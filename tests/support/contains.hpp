#pragma once
// Room: tests. What a report must say, as a regular expression.

#include <string>

#include <gtest/gtest.h>

namespace weft::testing {

inline bool contains(const std::string& text, const std::string& pattern) {
  return ::testing::Matcher<const std::string&>(::testing::ContainsRegex(pattern)).Matches(text);
}

}  // namespace weft::testing
