// Room: bench. What a fiber costs when there are many: all are spawned and park on one channel, each is woken by a
// value of its own, and ends. Twice: first in a fresh process, whose stacks were never touched, and again.
//
//   growth [fibers [workers]]          default 1,000,000, and as many workers as CPUs
#include <weft/weft.hpp>

#include <chrono>
#include <cstddef>
#include <string>

#include "figures.hpp"
#include "instructions.hpp"

namespace {

using std::chrono::steady_clock;

void spawn_park_wake(std::size_t fibers) {
  weft::channel<int> gate;
  weft::wait_group begun;
  weft::wait_group ended;
  begun.add(static_cast<int>(fibers));
  ended.add(static_cast<int>(fibers));
  for (std::size_t i = 0; i < fibers; ++i)
    weft::go([&, gate] {
      begun.done();
      gate.recv();
      ended.done();
    });
  begun.wait();
  for (std::size_t i = 0; i < fibers; ++i) gate.send(1);
  ended.wait();
}

// Adds <time>_ns and <time>_instructions, of one fiber.
void measure(const std::string& time, std::size_t fibers, const figures::instructions& counter, figures::line& out) {
  const double count_before = counter.read();
  const auto begin = steady_clock::now();
  spawn_park_wake(fibers);
  const double us = figures::in_us(steady_clock::now() - begin);
  out.add(time + "_ns", us * 1e3 / static_cast<double>(fibers));
  if (counter.works())
    out.add(time + "_instructions", (counter.read() - count_before) / static_cast<double>(fibers));
  else
    out.add(time + "_instructions", counter.why_not());
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("growth", [&] {
    const std::size_t fibers = figures::argument(argc, argv, 1, "the number of fibers", 1'000'000);
    const std::size_t workers = figures::argument(argc, argv, 2, "the number of workers", 0);
    const figures::instructions counter;  // before the workers start, which inherit it
    weft::run({.workers = workers}, [&] {
      figures::line out;
      measure("first", fibers, counter, out);
      measure("again", fibers, counter, out);
    });
  });
}
