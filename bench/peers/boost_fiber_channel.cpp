// Room: bench. Boost.Fiber beside channel_bench.cpp, on one thread.
#include <benchmark/benchmark.h>
#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/unbuffered_channel.hpp>

namespace {

constexpr int k_items = 100'000;

void boost_fiber_round_trip(benchmark::State& state) {
  boost::fibers::unbuffered_channel<int> there;
  boost::fibers::unbuffered_channel<int> back;
  boost::fibers::fiber partner([&] {
    for (int v : there) back.push(v);
  });
  for (auto _ : state) {
    there.push(1);
    benchmark::DoNotOptimize(back.value_pop());
  }
  there.close();
  partner.join();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(boost_fiber_round_trip)->UseRealTime()->MeasureProcessCPUTime();

void boost_fiber_buffered_128(benchmark::State& state) {
  for (auto _ : state) {
    boost::fibers::buffered_channel<int> items(128);
    boost::fibers::fiber producer([&items] {
      for (int v = 0; v < k_items; ++v) items.push(v);
      items.close();
    });
    for (int v : items) benchmark::DoNotOptimize(v);
    producer.join();
  }
  state.SetItemsProcessed(state.iterations() * k_items);
}
BENCHMARK(boost_fiber_buffered_128)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
