// Room: bench. Starvation: fibers that compute and never come to a switch point, and what is beside them: one that
// sleeps 1 ms again and again, and how late it wakes; or an echo server with some connections, and how late it answers.
// The hogs end by the clock, so that whoever is never run ends, too, with one sample as long as all of it.
//
//   hogs [hogs [workers [seconds [connections]]]]          default 8, 2, 3, and 0: the sleeper
#include <weft/weft.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "echoing.hpp"
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

void measure_naps(std::size_t hogs, std::size_t workers, std::chrono::seconds time) {
  std::vector<double> late_us = weft::run({.workers = workers}, [&] {
    const auto end = steady_clock::now() + time;
    auto sleeper = weft::spawn(nap_until, end);
    std::vector<weft::join_handle<void>> computing;
    for (std::size_t i = 0; i < hogs; ++i) computing.push_back(weft::spawn(compute_until, end));
    for (auto& each : computing) each.join();
    return sleeper.join();
  });
  figures::line out;
  out.add("late_p50_us", figures::quantile(late_us, 0.5));
  out.add("late_p99_us", figures::quantile(late_us, 0.99));
  out.add("samples", static_cast<double>(late_us.size()));
}

// The hogs compute for a second longer: the load begins when they have begun, and warms up.
void measure_echo(std::size_t hogs, std::size_t workers, std::chrono::seconds time, std::size_t connections) {
  weft::wait_group computing;
  weft::runtime runtime({.workers = workers});
  const std::uint16_t port = runtime.run([] { return echoing::start_server(); });
  computing.add(static_cast<int>(hogs));
  const auto end = steady_clock::now() + time + 1s;
  for (std::size_t i = 0; i < hogs; ++i)
    runtime.go([&computing, end] {
      compute_until(end);
      computing.done();
    });
  const echoing::latencies seen = echoing::load(port, connections, static_cast<std::size_t>(time.count()));
  computing.wait();
  figures::line out;
  out.add("echo_p50_us", seen.p50_us);
  out.add("echo_p99_us", seen.p99_us);
  out.add("requests_per_s", seen.requests);
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("hogs", [&] {
    const std::size_t hogs = figures::argument(argc, argv, 1, "the number of hogs", 8);
    const std::size_t workers = figures::argument(argc, argv, 2, "the number of workers", 2);
    const std::chrono::seconds time(figures::argument(argc, argv, 3, "the number of seconds", 3));
    const std::size_t connections = figures::argument(argc, argv, 4, "the number of connections", 0);
    connections == 0 ? measure_naps(hogs, workers, time) : measure_echo(hogs, workers, time, connections);
  });
}
