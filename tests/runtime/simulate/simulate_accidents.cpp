// Room: tests. Processes that simulate: one whose output another compares, and those that end by what a simulation
// refuses.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <support/accident.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/simulate.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "simulated_trace.hpp"
#include "thread_waiter.hpp"

namespace {

using namespace weft::detail;

void wake(wait_token token) {
  if (const claimed won = claim(token, wake_reason::ready)) unpark(won);
}

void wait_for(wait_token token) { (void)park(token, weft::deadline::never(), "a wake-up from outside"); }

ACCIDENT(simulated_trace) {
  std::printf("%s", weft::testing::trace_of(7).c_str());
  return 0;
}

ACCIDENT(simulation_without_a_seed_fails) {
  ::setenv("WEFT_SEED", "77", 1);
  try {
    weft::simulate({}, [] { throw std::runtime_error("failed"); });
  } catch (const std::runtime_error&) {
    return 3;
  }
  return 0;
}

ACCIDENT(simulated_fiber_woken_by_a_thread) {
  weft::simulate({.seed = 1}, [] {
    auto waiting = weft::spawn([] {
      const wait_token mine = arm(cancellation::ignored);
      std::thread other([mine] {
        while (mine.who->word.state() != wait_state::parked) std::this_thread::yield();
        wake(mine);
      });
      other.detach();
      wait_for(mine);
    });
    while (waiting.joinable()) weft::this_fiber::yield();
  });
  return 0;
}

ACCIDENT(simulated_fiber_wakes_a_thread) {
  std::atomic<bool> is_armed{false};
  wait_token token;
  std::thread waiting([&] {
    token = arm(cancellation::ignored);
    is_armed = true;
    wait_for(token);
  });
  weft::simulate({.seed = 1}, [&] {
    while (!is_armed || token.who->word.state() != wait_state::parked) std::this_thread::yield();
    wake(token);
  });
  return 0;
}

ACCIDENT(simulated_fiber_swallows_cancellation) {
  weft::simulate({.seed = 1, .most_steps = 10'000}, [] {
    weft::go({.name = "stubborn"}, [] {
      for (;;) {
        try {
          weft::this_fiber::sleep_for(std::chrono::seconds(1));
        } catch (const weft::cancelled&) {
        }
      }
    });
    weft::this_fiber::sleep_for(std::chrono::seconds(10));
  });
  return 0;
}

}  // namespace
