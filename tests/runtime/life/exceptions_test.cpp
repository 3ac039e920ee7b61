// What belongs to the fiber besides its stack: C++ exception state (what is caught, how many exceptions are in flight),
// and how floating-point numbers are rounded.

#include <gtest/gtest.h>

#include <cfenv>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

void hop() {
  for (int i = 0; i < 8; ++i) weft::this_fiber::yield();
}

void catch_yield_rethrow(int depth, const std::string& text) {
  try {
    if (depth == 0) throw std::runtime_error(text);
    catch_yield_rethrow(depth - 1, text);
  } catch (const std::runtime_error& e) {
    hop();
    EXPECT_EQ(e.what(), text);
    hop();
    throw;
  }
}

struct yields_in_destructor {
  int& seen;
  ~yields_in_destructor() {
    hop();
    seen = std::uncaught_exceptions();
    hop();
  }
};

FIBER_TEST(runtime, yield_in_catch_then_rethrow_after_migration) {
  std::vector<weft::join_handle<void>> fibers;
  for (int i = 0; i < 20; ++i)
    fibers.push_back(weft::spawn([text = "fiber " + std::to_string(i)] {
      for (int round = 0; round < 5; ++round) EXPECT_THROW(catch_yield_rethrow(3, text), std::runtime_error);
      EXPECT_EQ(std::current_exception(), nullptr);
      EXPECT_EQ(std::uncaught_exceptions(), 0);
    }));
  for (auto& each : fibers) each.join();
}

FIBER_TEST(runtime, yield_in_a_destructor_while_unwinding) {
  std::vector<weft::join_handle<void>> fibers;
  for (int i = 0; i < 20; ++i)
    fibers.push_back(weft::spawn([] {
      int seen = 0;
      try {
        const yields_in_destructor guard{seen};
        throw std::runtime_error("unwinding");
      } catch (const std::runtime_error&) {
        EXPECT_EQ(seen, 1);
        EXPECT_EQ(std::uncaught_exceptions(), 0);
      }
    }));
  fibers.push_back(weft::spawn([] {
    for (int i = 0; i < 500; ++i) {
      EXPECT_EQ(std::uncaught_exceptions(), 0);
      EXPECT_EQ(std::current_exception(), nullptr);
      weft::this_fiber::yield();
    }
  }));
  for (auto& each : fibers) each.join();
}

FIBER_TEST(runtime, a_fresh_fiber_starts_without_exceptions_of_its_spawner) {
  try {
    throw std::runtime_error("caught by the spawner");
  } catch (const std::runtime_error&) {
    weft::spawn([] {
      EXPECT_EQ(std::current_exception(), nullptr);
      EXPECT_EQ(std::uncaught_exceptions(), 0);
    }).join();
    EXPECT_NE(std::current_exception(), nullptr);
  }
}

FIBER_TEST(runtime, the_rounding_mode_belongs_to_the_fiber) {
  std::vector<weft::join_handle<void>> fibers;
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST})
    fibers.push_back(weft::spawn([mode] {
      EXPECT_EQ(std::fegetround(), FE_TONEAREST);
      std::fesetround(mode);
      for (int i = 0; i < 50; ++i) {
        weft::spawn([] { EXPECT_EQ(std::fegetround(), FE_TONEAREST); }).join();
        EXPECT_EQ(std::fegetround(), mode);
      }
    }));
  hop();
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
  for (auto& each : fibers) each.join();
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
}

}  // namespace
