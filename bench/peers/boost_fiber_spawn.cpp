// Room: bench. Boost.Fiber beside spawn_bench.cpp. Argument: batch. Its stacks are unguarded and come from malloc,
// which is its default.
#include <benchmark/benchmark.h>
#include <boost/fiber/fiber.hpp>

#include <cstddef>
#include <vector>

namespace {

void boost_fiber_spawn_join(benchmark::State& state) {
  std::vector<boost::fibers::fiber> fibers(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    for (auto& fiber : fibers) fiber = boost::fibers::fiber([] {});
    for (auto& fiber : fibers) fiber.join();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(boost_fiber_spawn_join)->Arg(1)->Arg(1'000)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
