// Room: bench. Select among four channels, of which a random one is ready. Uncontended: one fiber, which puts a value
// into one of four channels that buffer 1, and selects; an item is both. Contended: four senders, each time to one of
// four unbuffered channels, and four receivers that select; an item is a value received. Argument: workers (0: all).
#include <weft/weft.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace {

constexpr int k_items = 100'000;  // of all senders together, in one iteration
constexpr int k_pairs = 4;

using four_channels = std::array<weft::channel<int>, 4>;

four_channels make_channels(std::size_t capacity) {
  return {weft::channel<int>(capacity), weft::channel<int>(capacity), weft::channel<int>(capacity),
          weft::channel<int>(capacity)};
}

// Marsaglia's xorshift: the same sequence on each side, and nearly free.
class chooser {
 public:
  explicit chooser(std::uint64_t seed) : state_(seed + 1) {}
  std::size_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ >> 62;
  }

 private:
  std::uint64_t state_;
};

std::optional<int> receive_any(const four_channels& from) {
  std::optional<int> got;
  weft::select(weft::recv(from[0], got), weft::recv(from[1], got), weft::recv(from[2], got), weft::recv(from[3], got));
  return got;
}

void weft_select_uncontended(benchmark::State& state) {
  const auto workers = static_cast<std::size_t>(state.range(0));
  weft::run({.workers = workers}, [&state] {
    const four_channels channels = make_channels(1);
    chooser choose(0);
    for (auto _ : state) {
      channels[choose.next()].send(1);
      benchmark::DoNotOptimize(receive_any(channels));
    }
  });
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(weft_select_uncontended)->Arg(1)->Arg(0)->UseRealTime()->MeasureProcessCPUTime();

void exchange() {
  const four_channels channels = make_channels(0);
  std::vector<weft::join_handle<void>> senders;
  std::vector<weft::join_handle<void>> receivers;
  for (std::uint64_t i = 0; i < k_pairs; ++i) {
    receivers.push_back(weft::spawn([&channels] {
      while (receive_any(channels)) {
      }
    }));
    senders.push_back(weft::spawn([&channels, i] {
      chooser choose(i);
      for (int v = 0; v < k_items / k_pairs; ++v) channels[choose.next()].send(v);
    }));
  }
  for (auto& each : senders) each.join();
  for (const auto& each : channels) each.close();
  for (auto& each : receivers) each.join();
}

void weft_select_contended(benchmark::State& state) {
  const auto workers = static_cast<std::size_t>(state.range(0));
  weft::run({.workers = workers}, [&state] {
    for (auto _ : state) exchange();
  });
  state.SetItemsProcessed(state.iterations() * k_items);
}
BENCHMARK(weft_select_contended)->Arg(1)->Arg(0)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
