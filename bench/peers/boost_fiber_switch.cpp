// Room: bench. Boost.Fiber beside switch_bench.cpp.
#include <benchmark/benchmark.h>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>

namespace {

void boost_fiber_yield(benchmark::State& state) {
  bool ended = false;
  boost::fibers::fiber partner([&ended] {
    while (!ended) boost::this_fiber::yield();
  });
  for (auto _ : state) boost::this_fiber::yield();
  ended = true;
  partner.join();
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(boost_fiber_yield)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
