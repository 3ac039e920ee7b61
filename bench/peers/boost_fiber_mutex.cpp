// Room: bench. Boost.Fiber beside mutex_bench.cpp, on one thread. Argument: fibers.
#include <benchmark/benchmark.h>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>

#include <cstddef>
#include <mutex>
#include <vector>

namespace {

constexpr int k_rounds = 2'000;

void boost_fiber_mutex(benchmark::State& state) {
  boost::fibers::mutex mutex;
  long guarded = 0;
  std::vector<boost::fibers::fiber> contenders(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    for (auto& each : contenders)
      each = boost::fibers::fiber([&] {
        for (int i = 0; i < k_rounds; ++i) {
          const std::scoped_lock lock(mutex);
          benchmark::DoNotOptimize(++guarded);
        }
      });
    for (auto& each : contenders) each.join();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * k_rounds);
}
BENCHMARK(boost_fiber_mutex)->Arg(1)->Arg(2)->Arg(64)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
