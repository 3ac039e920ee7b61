#pragma once
// Room: tests. Workloads under simulation (weft/runtime/simulate.hpp). A workload throws where an invariant is broken,
// by must(); a deadlock throws by itself.
//
//   TEST(simulated_mutex, excludes) { expect_holds(exclusion<weft::mutex>); }
//   TEST(simulated_mutex, a_broken_one_is_found) { expect_found(50, exclusion<broken_mutex>); }
//
// So a workload is told once, and shown to be one that can fail.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <support/fibers.hpp>
#include <support/seed.hpp>
#include <support/watchdog.hpp>
#include <weft/runtime/simulate.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace weft::testing {

// 1,000, fewer under sanitizers; WEFT_SIMULATE_SEEDS beats both.
[[nodiscard]] std::size_t seeds_per_workload();

inline void must(bool is_so, const std::string& what) {
  if (!is_so) throw std::logic_error("broken: " + what);
}

// Returns when nobody else could go on but by time: it moves only then.
inline void await_stillness() { this_fiber::sleep_for(std::chrono::microseconds(1)); }

// No workload takes a tenth of it; one whose copy is broken may go on for ever.
inline constexpr std::uint64_t k_most_steps = 20'000;

// Under seeds that are new in each process (WEFT_SEED replays them).
template <class Workload>
void expect_holds(Workload workload) {
  constexpr std::size_t k_at_once = 1'000;  // what the watchdog's time is for
  const std::uint64_t first = seed_of_this_test();
  const std::size_t count = seeds_per_workload();
  try {
    for (std::size_t done = 0; done < count; done += k_at_once) {
      watchdog::begin_again();
      simulate_many({.seed = first + done, .most_steps = k_most_steps}, std::min(k_at_once, count - done), workload);
    }
  } catch (const simulation_failed& e) {
    ADD_FAILURE() << e.what();
  }
}

// The first lines of what a simulation threw, without its dump.
[[nodiscard]] std::string first_lines(const char* what);

// Under seeds that are always the same, so that this is no lottery; and what was found is found again.
template <class Workload>
void expect_found(std::size_t within, Workload workload) {
  const auto failure_of = [&workload](std::uint64_t seed) -> std::string {
    try {
      simulate({.seed = seed, .most_steps = k_most_steps, .last_choices = 0}, workload);
    } catch (const std::exception& e) {
      return first_lines(e.what());
    }
    return "";
  };
  for (std::uint64_t seed = 1; seed <= within; ++seed) {
    const std::string failure = failure_of(seed);
    if (failure.empty()) continue;
    for (int again = 0; again < 3; ++again) EXPECT_EQ(failure_of(seed), failure) << "seed " << seed;
    ::testing::Test::RecordProperty("found_by_seed", std::to_string(seed));
    return;
  }
  ADD_FAILURE() << "not found within " << within << " seeds";
}

}  // namespace weft::testing
