// Room: bench. What a fiber costs when there are many: all are spawned and park on one channel, each is woken by a
// value of its own, and ends. Twice: first in a fresh process, whose stacks were never touched, and again; again more
// than once if they are few.
//
//   growth [fibers [workers [stack size [times]]]]     default 1,000,000, as many workers as CPUs, the default size, 1
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
double ns_of_one(std::size_t fibers, std::size_t times) {
  const auto begin = steady_clock::now();
  for (std::size_t i = 0; i < times; ++i) spawn_park_wake(fibers);
  return figures::in_us(steady_clock::now() - begin) * 1e3 / static_cast<double>(fibers * times);
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("growth", [&] {
    const std::size_t fibers = figures::argument(argc, argv, 1, "the number of fibers", 1'000'000);
    const std::size_t workers = figures::argument(argc, argv, 2, "the number of workers", 0);
    const std::size_t stack_size = figures::argument(argc, argv, 3, "the stack size", 0);
    const std::size_t times = figures::argument(argc, argv, 4, "the number of times", 1);
    weft::run({.workers = workers, .stack_size = stack_size}, [&] {
      figures::line out;
      out.add("first_ns", ns_of_one(fibers, 1));
      out.add("again_ns", ns_of_one(fibers, times));
    });
  });
}
