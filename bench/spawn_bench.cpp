// Room: bench. A fiber that does nothing, spawned and joined: one at a time, and in batches that all live at once.
// Beside it a std::thread; Boost.Fiber is in peers/boost_fiber_spawn.cpp. Arguments: workers (0: all), batch.
#include <weft/weft.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <thread>
#include <vector>

namespace {

void weft_spawn_join(benchmark::State& state) {
  const auto workers = static_cast<std::size_t>(state.range(0));
  const auto batch = static_cast<std::size_t>(state.range(1));
  weft::run({.workers = workers}, [&] {
    std::vector<weft::join_handle<void>> handles(batch);
    for (auto _ : state) {
      for (auto& handle : handles) handle = weft::spawn([] {});
      for (auto& handle : handles) handle.join();
    }
  });
  state.SetItemsProcessed(state.iterations() * state.range(1));
}
BENCHMARK(weft_spawn_join)
    ->ArgsProduct({{1, 0}, {1, 1'000, 100'000, 1'000'000}})
    ->UseRealTime()
    ->MeasureProcessCPUTime();

void thread_spawn_join(benchmark::State& state) {
  std::vector<std::thread> threads(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    for (auto& thread : threads) thread = std::thread([] {});
    for (auto& thread : threads) thread.join();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(thread_spawn_join)->Arg(1)->Arg(1'000)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
