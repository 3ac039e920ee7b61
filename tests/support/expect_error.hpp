#pragma once
// Room: tests. With which code a future, a promise or a task refuses.

#include <future>

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

}  // namespace weft::testing
