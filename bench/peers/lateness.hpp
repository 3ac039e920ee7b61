#pragma once
// Room: bench. How long the sleepers of the timer benchmarks sleep, and how late they woke. Each sleeper writes its own
// place.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace peers {

// 1 to 50 ms, the same in every run, in no order.
inline std::chrono::microseconds nap(std::size_t sleeper) {
  return std::chrono::microseconds(1'000 + sleeper * 7'919 % 49'000);
}

class lateness {
 public:
  explicit lateness(std::size_t sleepers) : us_(sleepers) {}

  [[nodiscard]] std::size_t size() const { return us_.size(); }
  void set(std::size_t sleeper, std::chrono::steady_clock::duration late) {
    us_[sleeper] = std::chrono::duration<double, std::micro>(late).count();
  }

  // Of the last iteration, which is as good as any.
  void report(benchmark::State& state) {
    std::sort(us_.begin(), us_.end());
    state.counters["late_p50_us"] = us_[us_.size() / 2];
    state.counters["late_p99_us"] = us_[us_.size() * 99 / 100];
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(us_.size()));
  }

 private:
  std::vector<double> us_;
};

}  // namespace peers
