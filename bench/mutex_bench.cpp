// Room: bench. One mutex, and 1, 2, 64 who want it: weft::mutex among fibers, weft::mutex and std::mutex among threads.
// Time is for one lock and unlock. Arguments: workers (0: all), fibers; or threads.
#include <weft/weft.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace {

constexpr int k_rounds = 2'000;  // of each contender, in one iteration

template <class Mutex>
void contend(Mutex& mutex, long& guarded) {
  for (int i = 0; i < k_rounds; ++i) {
    const std::scoped_lock lock(mutex);
    benchmark::DoNotOptimize(++guarded);
  }
}

void weft_mutex_fibers(benchmark::State& state) {
  const auto workers = static_cast<std::size_t>(state.range(0));
  weft::run({.workers = workers}, [&state] {
    weft::mutex mutex;
    long guarded = 0;
    std::vector<weft::join_handle<void>> contenders(static_cast<std::size_t>(state.range(1)));
    for (auto _ : state) {
      for (auto& each : contenders) each = weft::spawn([&] { contend(mutex, guarded); });
      for (auto& each : contenders) each.join();
    }
  });
  state.SetItemsProcessed(state.iterations() * state.range(1) * k_rounds);
}
BENCHMARK(weft_mutex_fibers)->ArgsProduct({{1, 0}, {1, 2, 64}})->UseRealTime()->MeasureProcessCPUTime();

template <class Mutex>
void mutex_threads(benchmark::State& state) {
  Mutex mutex;
  long guarded = 0;
  std::vector<std::thread> contenders(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    for (auto& each : contenders) each = std::thread([&] { contend(mutex, guarded); });
    for (auto& each : contenders) each.join();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * k_rounds);
}
BENCHMARK_TEMPLATE(mutex_threads, weft::mutex)->Arg(1)->Arg(2)->Arg(64)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK_TEMPLATE(mutex_threads, std::mutex)->Arg(1)->Arg(2)->Arg(64)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
