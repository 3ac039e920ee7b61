// Room: bench. Channels: a round trip over two unbuffered ones, and a stream of items through one that buffers 128.
// Boost.Fiber is in peers/boost_fiber_channel.cpp. Arguments: workers (0: all); for the stream also producers, and as
// many consumers.
#include <weft/weft.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <vector>

namespace {

constexpr int k_items = 100'000;  // of a stream, in one iteration

void weft_round_trip(benchmark::State& state) {
  const auto workers = static_cast<std::size_t>(state.range(0));
  weft::run({.workers = workers}, [&state] {
    weft::channel<int> there;
    weft::channel<int> back;
    auto partner = weft::spawn([there, back] {
      for (int v : there) back.send(v);
    });
    for (auto _ : state) {
      there.send(1);
      benchmark::DoNotOptimize(back.recv());
    }
    there.close();
    partner.join();
  });
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(weft_round_trip)->Arg(1)->Arg(0)->UseRealTime()->MeasureProcessCPUTime();

void stream(int pairs) {
  weft::channel<int> items(128);
  std::vector<weft::join_handle<void>> producers;
  std::vector<weft::join_handle<void>> consumers;
  for (int i = 0; i < pairs; ++i) {
    consumers.push_back(weft::spawn([items] {
      for (int v : items) benchmark::DoNotOptimize(v);
    }));
    producers.push_back(weft::spawn([items, pairs] {
      for (int v = 0; v < k_items / pairs; ++v) items.send(v);
    }));
  }
  for (auto& each : producers) each.join();
  items.close();
  for (auto& each : consumers) each.join();
}

void weft_buffered_128(benchmark::State& state) {
  const auto workers = static_cast<std::size_t>(state.range(0));
  const int pairs = static_cast<int>(state.range(1));
  weft::run({.workers = workers}, [&state, pairs] {
    for (auto _ : state) stream(pairs);
  });
  state.SetItemsProcessed(state.iterations() * k_items);
}
BENCHMARK(weft_buffered_128)->ArgsProduct({{1, 0}, {1, 4}})->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
