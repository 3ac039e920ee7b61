// More workers than processors by far: nothing depends on how many there are. What costs how much is bench/'s business.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <vector>

#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;

long sum_of_leaves(long first, long leaves) {
  if (leaves == 1) return first;
  std::vector<weft::join_handle<long>> parts;
  for (long i = 0; i < 10; ++i) parts.push_back(weft::spawn(sum_of_leaves, first + i * leaves / 10, leaves / 10));
  long sum = 0;
  for (auto& each : parts) sum += each.join();
  return sum;
}

class scale : public testing::TestWithParam<std::size_t> {};

TEST_P(scale, a_tree_of_fibers_gives_its_sum) {
  constexpr long k_leaves = 1'000;
  for (int round = 0; round < 5; ++round) {
    const long sum = weft::run(weft::options{.workers = GetParam()}, [] { return sum_of_leaves(0, k_leaves); });
    EXPECT_EQ(sum, k_leaves * (k_leaves - 1) / 2);
  }
}

TEST_P(scale, sleepers_and_yielders_all_end) {
  weft::run(weft::options{.workers = GetParam()}, [] {
    std::atomic<int> ended{0};
    std::vector<weft::join_handle<void>> fibers;
    for (int i = 0; i < 500; ++i)
      fibers.push_back(weft::spawn([&ended, i] {
        for (int k = 0; k < 20; ++k) i % 2 == 0 ? weft::this_fiber::yield() : weft::this_fiber::sleep_for(100us);
        ++ended;
      }));
    for (auto& each : fibers) each.join();
    EXPECT_EQ(ended, 500);
  });
}

INSTANTIATE_TEST_SUITE_P(workers, scale, testing::Values(32, 64, 256));

}  // namespace
