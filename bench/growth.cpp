// Room: bench. What a fiber costs when there are many: all are spawned and park on one channel, each is woken by a
// value of its own, and ends. Twice: first in a fresh process, whose stacks were never touched, and again.
//
//   growth [fibers [workers [stack size]]]          default 1,000,000, as many workers as CPUs, and the default size
#include <weft/weft.hpp>

#include <chrono>
#include <cstddef>

#include "figures.hpp"

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

// Of one fiber.
double ns_of_one(std::size_t fibers) {
  const auto begin = steady_clock::now();
  spawn_park_wake(fibers);
  return figures::in_us(steady_clock::now() - begin) * 1e3 / static_cast<double>(fibers);
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("growth", [&] {
    const std::size_t fibers = figures::argument(argc, argv, 1, "the number of fibers", 1'000'000);
    const std::size_t workers = figures::argument(argc, argv, 2, "the number of workers", 0);
    const std::size_t stack_size = figures::argument(argc, argv, 3, "the stack size", 0);
    weft::run({.workers = workers, .stack_size = stack_size}, [&] {
      figures::line out;
      out.add("first_ns", ns_of_one(fibers));
      out.add("again_ns", ns_of_one(fibers));
    });
  });
}
