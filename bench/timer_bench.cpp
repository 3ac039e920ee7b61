// Room: bench. Timers. A time limit that is armed and cancelled: the round trip of channel_bench.cpp with and without a
// limit of an hour on each wait; half the difference is one arm and cancel. And sleepers: many fibers that sleep 1 to
// 50 ms, with the CPU time of each and how late they wake. Boost.Fiber is in peers/boost_fiber_timer.cpp. Arguments:
// workers (0: all), sleepers.
#include <weft/weft.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <vector>

#include "peers/lateness.hpp"

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

template <class Receive>
void round_trips(benchmark::State& state, Receive receive) {
  const auto workers = static_cast<std::size_t>(state.range(0));
  weft::run({.workers = workers}, [&state, receive] {
    weft::channel<int> there;
    weft::channel<int> back;
    auto partner = weft::spawn([there, back, receive] {
      while (receive(there)) back.send(1);
    });
    for (auto _ : state) {
      there.send(1);
      benchmark::DoNotOptimize(receive(back));
    }
    there.close();
    partner.join();
  });
  state.SetItemsProcessed(state.iterations());
}

void weft_round_trip_without_limit(benchmark::State& state) {
  round_trips(state, [](const weft::channel<int>& from) { return from.recv().has_value(); });
}
BENCHMARK(weft_round_trip_without_limit)->Arg(1)->Arg(0)->UseRealTime()->MeasureProcessCPUTime();

void weft_round_trip_with_limit(benchmark::State& state) {
  round_trips(state, [](const weft::channel<int>& from) {
    int got = 0;
    return from.recv_for(got, 1h) == weft::channel_status::ok;
  });
}
BENCHMARK(weft_round_trip_with_limit)->Arg(1)->Arg(0)->UseRealTime()->MeasureProcessCPUTime();

void weft_sleepers(benchmark::State& state) {
  const auto workers = static_cast<std::size_t>(state.range(0));
  peers::lateness late(static_cast<std::size_t>(state.range(1)));
  weft::run({.workers = workers}, [&] {
    std::vector<weft::join_handle<void>> sleepers(late.size());
    for (auto _ : state) {
      for (std::size_t i = 0; i < sleepers.size(); ++i)
        sleepers[i] = weft::spawn([&late, i] {
          const auto until = steady_clock::now() + peers::nap(i);
          weft::this_fiber::sleep_until(until);
          late.set(i, steady_clock::now() - until);
        });
      for (auto& each : sleepers) each.join();
    }
  });
  late.report(state);
}
BENCHMARK(weft_sleepers)
    ->ArgsProduct({{1, 0}, {1'000, 100'000}})
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
