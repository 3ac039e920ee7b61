// Room: bench. Many fibers that each sleep once, 1 to 1,000 ms: the CPU time of one, from its spawn to its end, and how
// late they woke.
//
//   sleepers [fibers [workers]]          default 1,000,000, and as many workers as CPUs
#include <weft/weft.hpp>

#include <chrono>
#include <cstddef>
#include <vector>

#include "figures.hpp"

namespace {

using std::chrono::steady_clock;

// In no order, and the same in every run and on every side.
std::chrono::microseconds nap(std::size_t sleeper) {
  return std::chrono::microseconds(1'000 + sleeper * 7'919 % 999'000);
}

void sleep_all(std::vector<double>& late_us) {
  weft::wait_group ended;
  ended.add(static_cast<int>(late_us.size()));
  for (std::size_t i = 0; i < late_us.size(); ++i)
    weft::go([&late_us, &ended, i] {
      const auto until = steady_clock::now() + nap(i);
      weft::this_fiber::sleep_until(until);
      late_us[i] = figures::in_us(steady_clock::now() - until);
      ended.done();
    });
  ended.wait();
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("sleepers", [&] {
    const std::size_t fibers = figures::argument(argc, argv, 1, "the number of fibers", 1'000'000);
    const std::size_t workers = figures::argument(argc, argv, 2, "the number of workers", 0);
    std::vector<double> late_us(fibers);
    const double before = figures::cpu_ns();
    weft::run({.workers = workers}, [&] { sleep_all(late_us); });
    figures::line out;
    out.add("cpu_ns_per_item", (figures::cpu_ns() - before) / static_cast<double>(fibers));
    out.add("late_p50_us", figures::quantile(late_us, 0.5));
    out.add("late_p99_us", figures::quantile(late_us, 0.99));
  });
}
