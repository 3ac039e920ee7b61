#pragma once
// Room: bench. Counts of durations, from nanoseconds to a minute, each known to within a hundredth: a bucket for each
// of the 128 values of the seven bits below the highest one. Adding one costs an addition, so that it disturbs nothing.

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace load {

class latencies {
 public:
  void add(std::chrono::nanoseconds took) {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
    ++counts_[bucket_of(std::min(ns, k_longest))];
    largest_ = std::max(largest_, ns);
    sum_ += static_cast<double>(ns);
    ++total_;
  }

  void clear() { *this = latencies(); }

  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] double mean_ns() const { return total_ == 0 ? 0 : sum_ / static_cast<double>(total_); }
  [[nodiscard]] std::uint64_t max_ns() const { return largest_; }

  // The least duration that so many of all did not exceed; 0 if there are none.
  [[nodiscard]] std::uint64_t quantile_ns(double q) const {
    const auto rank = static_cast<std::uint64_t>(q * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket)
      if ((seen += counts_[bucket]) > rank) return std::min(top_of(bucket), largest_);
    return largest_;
  }

 private:
  static constexpr unsigned k_bits = 7;
  static constexpr std::uint64_t k_longest = 60'000'000'000;

  // Below 2^8 each value has a bucket; above, each power of two has 128.
  static constexpr std::size_t bucket_of(std::uint64_t ns) {
    const unsigned width = static_cast<unsigned>(std::bit_width(ns));
    if (width <= k_bits + 1) return static_cast<std::size_t>(ns);
    const unsigned shift = width - (k_bits + 1);
    return (static_cast<std::size_t>(shift) << k_bits) + static_cast<std::size_t>(ns >> shift);
  }
  // The largest value in it.
  static constexpr std::uint64_t top_of(std::size_t bucket) {
    if (bucket < (std::size_t{2} << k_bits)) return bucket;
    const std::size_t shift = (bucket >> k_bits) - 1;
    const std::uint64_t mantissa = bucket - (shift << k_bits);
    return ((mantissa + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(bucket_of(k_longest) + 1);
  std::uint64_t total_ = 0;
  std::uint64_t largest_ = 0;
  double sum_ = 0;
};

}  // namespace load
