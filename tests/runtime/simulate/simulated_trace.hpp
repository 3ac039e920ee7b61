#pragma once
// Room: tests of runtime. What a program with much to choose from does under a seed, event by event: for tests that
// compare runs, and processes.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <support/noted.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/clock.hpp>
#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/simulate.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace weft::testing {

// Spawns, yields, sleeps of which many are due at once, random numbers, cancellations, and some who are left.
inline std::string trace_of(std::uint64_t seed) {
  noted<std::string> trace;
  simulate({.seed = seed}, [&trace] {
    const auto begin = clock::now();
    const auto note = [&trace, begin](const std::string& what) {
      const std::string line = std::to_string(this_fiber::get_id().number()) + ' ' + what + " at " +
                               std::to_string((clock::now() - begin).count()) + '\n';
      trace.with([&line](std::string& all) { all += line; });
    };
    std::vector<join_handle<void>> fibers;
    for (int i = 0; i < 6; ++i)
      fibers.push_back(spawn([note] {
        try {
          for (int round = 0; round < 5; ++round) {
            note("drew " + std::to_string(detail::random_below(100)));
            this_fiber::yield();
            this_fiber::sleep_for(std::chrono::milliseconds(1 + round % 2));
          }
          note("ends");
        } catch (const cancelled&) {
          note("is cancelled");
          throw;
        }
      }));
    fibers[1].request_stop();
    for (int i = 2; i < 4; ++i) fibers[static_cast<std::size_t>(i)].join();
    note("leaves");
    for (auto& each : fibers)
      if (each.joinable()) each.detach();
  });
  return trace.get();
}

}  // namespace weft::testing
