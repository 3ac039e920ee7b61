#pragma once
// Room: tests. FIBER_TEST(room, sentence) { ... }: a gtest case whose body is the main fiber of a runtime, registered
// at 1, 2, 4 and 8 workers as "room.sentence/1" and so on. The sentence names the behaviour or the race.
//
// Around every case, FIBER_TEST or TEST, main.cpp puts the watchdog (watchdog.hpp) and the leak check (leak_check.hpp).
// Next: wait_until.hpp, for tests that wait for others without sleeping.

#include <gtest/gtest.h>

#include <cstddef>

#include <support/wait_until.hpp>

namespace weft::testing {

// Registers `body` once for each number of workers. Returns true, so that a static can hold the call.
bool register_fiber_test(const char* room, const char* sentence, const char* file, int line, void (*body)());

// How many workers the running FIBER_TEST has; 0 outside one.
[[nodiscard]] std::size_t workers_of_this_test() noexcept;

}  // namespace weft::testing

#define FIBER_TEST(room, sentence)                                                                           \
  static void room##_##sentence##_body();                                                                    \
  [[maybe_unused]] static const bool room##_##sentence##_is_registered =                                     \
      ::weft::testing::register_fiber_test(#room, #sentence, __FILE__, __LINE__, &room##_##sentence##_body); \
  static void room##_##sentence##_body()
