// Room: bench. Boost.Fiber beside timer_bench.cpp, on one thread. Argument: sleepers.
#include <benchmark/benchmark.h>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/unbuffered_channel.hpp>

#include <chrono>
#include <cstddef>
#include <vector>

#include "lateness.hpp"

namespace {

using namespace std::chrono_literals;
using boost::fibers::channel_op_status;
using std::chrono::steady_clock;

void boost_fiber_round_trip_with_limit(benchmark::State& state) {
  boost::fibers::unbuffered_channel<int> there;
  boost::fibers::unbuffered_channel<int> back;
  boost::fibers::fiber partner([&] {
    int got = 0;
    while (there.pop_wait_for(got, 1h) == channel_op_status::success) back.push(1);
  });
  int got = 0;
  for (auto _ : state) {
    there.push(1);
    benchmark::DoNotOptimize(back.pop_wait_for(got, 1h));
  }
  there.close();
  partner.join();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(boost_fiber_round_trip_with_limit)->UseRealTime()->MeasureProcessCPUTime();

void boost_fiber_sleepers(benchmark::State& state) {
  peers::lateness late(static_cast<std::size_t>(state.range(0)));
  std::vector<boost::fibers::fiber> sleepers(late.size());
  for (auto _ : state) {
    for (std::size_t i = 0; i < sleepers.size(); ++i)
      sleepers[i] = boost::fibers::fiber([&late, i] {
        const auto until = steady_clock::now() + peers::nap(i);
        boost::this_fiber::sleep_until(until);
        late.set(i, steady_clock::now() - until);
      });
    for (auto& each : sleepers) each.join();
  }
  late.report(state);
}
BENCHMARK(boost_fiber_sleepers)->Arg(1'000)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace
