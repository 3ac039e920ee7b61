#pragma once
// Room: tests. One 64-bit seed a process: WEFT_SEED, or a fresh one. Everything random in a test comes from it. The
// n-th iteration of --gtest_repeat runs under seed + n, so WEFT_SEED=<what was printed last> replays that iteration as
// the first.

#include <cstdint>

namespace weft::testing {

// The running iteration's.
[[nodiscard]] std::uint64_t process_seed();

// The same for the same process seed and test name, whatever ran before: it survives --gtest_filter.
[[nodiscard]] std::uint64_t seed_of_this_test();

// Called by main.cpp as each iteration starts: moves on, prints "seed=N", and sets WEFT_SEED for runtimes of plain
// tests.
void begin_iteration(int iteration);

}  // namespace weft::testing
