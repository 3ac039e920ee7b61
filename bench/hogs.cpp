// Room: bench. Starvation: fibers that compute and never come to a switch point, and one beside them that sleeps 1 ms
// again and again: how late it wakes. The hogs end by the clock, so that a sleeper that is never run ends, too, with
// one sample as long as all of it.
//
//   hogs [hogs [workers [seconds]]]          default 8, 2, 3
#include <weft/weft.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "figures.hpp"

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

void compute_until(steady_clock::time_point end) {
  std::uint64_t x = 1;
  while (steady_clock::now() < end)
    for (int i = 0; i < 100'000; ++i) {
      x = x * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
      asm volatile("" : "+r"(x));  // every step is computed
    }
}

std::vector<double> nap_until(steady_clock::time_point end) {
  std::vector<double> late_us;
  while (steady_clock::now() < end) {
    const auto until = steady_clock::now() + 1ms;
    weft::this_fiber::sleep_until(until);
    late_us.push_back(figures::in_us(steady_clock::now() - until));
  }
  return late_us;
}

std::vector<double> nap_beside(std::size_t hogs, std::chrono::seconds time) {
  const auto end = steady_clock::now() + time;
  auto sleeper = weft::spawn(nap_until, end);
  std::vector<weft::join_handle<void>> computing;
  for (std::size_t i = 0; i < hogs; ++i) computing.push_back(weft::spawn(compute_until, end));
  for (auto& each : computing) each.join();
  return sleeper.join();
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("hogs", [&] {
    const std::size_t hogs = figures::argument(argc, argv, 1, "the number of hogs", 8);
    const std::size_t workers = figures::argument(argc, argv, 2, "the number of workers", 2);
    const std::chrono::seconds time(figures::argument(argc, argv, 3, "the number of seconds", 3));
    std::vector<double> late_us = weft::run({.workers = workers}, [&] { return nap_beside(hogs, time); });
    figures::line out;
    out.add("late_p50_us", figures::quantile(late_us, 0.5));
    out.add("late_p99_us", figures::quantile(late_us, 0.99));
    out.add("samples", static_cast<double>(late_us.size()));
  });
}
