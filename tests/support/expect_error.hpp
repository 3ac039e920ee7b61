#pragma once
// Room: tests. With which code a call refuses.

#include <future>
#include <system_error>

#include <gtest/gtest.h>

namespace weft::testing {

template <class F>
void expect_error(std::future_errc what, F call) {
  try {
    call();
    FAIL() << "no exception";
  } catch (const std::future_error& error) {
    EXPECT_EQ(error.code(), what);
  }
}

template <class F>
void expect_error(std::errc what, F call) {
  try {
    call();
    FAIL() << "no exception";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), what) << error.what();
  }
}

}  // namespace weft::testing
