// Room: bench. Skynet: a tree of fibers that each spawn ten more, down to 10^6 leaves; every leaf sends its number up,
// every node the sum of its ten. An item is a leaf. Argument: workers (0: all). Go is in peers/go; Boost.Fiber is left
// out: a run of it takes half a minute.
#include <weft/weft.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>

namespace {

constexpr long k_leaves = 1'000'000;
constexpr long k_sum = k_leaves * (k_leaves - 1) / 2;
constexpr long k_fan_out = 10;

void node(const weft::channel<long>& out, long number, long leaves) {
  if (leaves == 1) return out.send(number);
  weft::channel<long> in;
  const long part = leaves / k_fan_out;
  for (long i = 0; i < k_fan_out; ++i) weft::go([in, first = number + i * part, part] { node(in, first, part); });
  long sum = 0;
  for (long i = 0; i < k_fan_out; ++i) sum += *in.recv();
  out.send(sum);
}

void weft_skynet(benchmark::State& state) {
  const auto workers = static_cast<std::size_t>(state.range(0));
  weft::run({.workers = workers}, [&state] {
    for (auto _ : state) {
      weft::channel<long> out;
      weft::go([out] { node(out, 0, k_leaves); });
      if (*out.recv() != k_sum) state.SkipWithError("the sum is wrong");
    }
  });
  state.SetItemsProcessed(state.iterations() * k_leaves);
}
BENCHMARK(weft_skynet)->Arg(1)->Arg(0)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace
