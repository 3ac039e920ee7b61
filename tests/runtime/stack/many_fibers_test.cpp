// A million fibers parked at once, each on a guarded stack of its own: what each costs in memory, and that all of them
// wake and end. Fewer where nothing is optimised, where a sanitizer wants memory of its own, or where memory is short.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <support/watchdog.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>

#include "sanitizers.hpp"
#include "stack_faults.hpp"
#include "stack_memory.hpp"

namespace {

using namespace weft::detail;
using weft::testing::status_bytes;

#if defined(WEFT_TSAN)
constexpr std::size_t k_fibers = 1'000;  // it knows no more than some 8,000
#elif defined(WEFT_ASAN) || !defined(__OPTIMIZE__)
constexpr std::size_t k_fibers = 20'000;
#else
constexpr std::size_t k_fibers = 1'000'000;
#endif

std::size_t available_memory() {
  std::ifstream lines("/proc/meminfo");
  for (std::string word; lines >> word;) {
    if (word != "MemAvailable:") continue;
    std::size_t kilobytes = 0;
    lines >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

std::size_t as_many_as_fit() {
  constexpr std::size_t k_each = 8 << 10;
  const std::size_t fit = k_fibers * k_each < available_memory() ? k_fibers : std::min<std::size_t>(k_fibers, 100'000);
  if (stack_memory::best_guards() == guard_method::advice) return fit;
  return std::min(fit, stack_memory::most_protections() / 4);  // two sizes, and some for others
}

std::size_t memory_in_use() { return status_bytes("VmRSS") + status_bytes("VmPTE"); }

// Fibers that park, each with its token where the waker finds it.
class crowd {
 public:
  explicit crowd(std::size_t count) : tokens_(count), handles_(count) {}

  void park_all() {
    for (std::size_t i = 0; i < tokens_.size(); ++i)
      handles_[i] = weft::spawn([this, i] {
        tokens_[i] = arm(cancellation::ignored);
        parked_.fetch_add(1, std::memory_order_release);
        woken_ += park(tokens_[i], weft::deadline::never(), "the crowd") == wake_reason::ready ? 1 : 0;
      });
    weft::testing::wait_until([this] { return parked_.load(std::memory_order_acquire) == tokens_.size(); });
  }

  void wake_and_join_all() {
    for (const wait_token& each : tokens_)
      if (const claimed won = claim(each, wake_reason::ready)) unpark(won);
    for (auto& each : handles_) each.join();
  }

  [[nodiscard]] std::size_t woken() const { return woken_; }

 private:
  std::vector<wait_token> tokens_;
  std::vector<weft::join_handle<void>> handles_;
  std::atomic<std::size_t> parked_{0};
  std::atomic<std::size_t> woken_{0};
};

// Parks them, wakes them, joins them; returns what each took of memory and page tables while all were parked.
double bytes_each(std::size_t stack_size, std::size_t count) {
  double each = 0;
  weft::run({.stack_size = stack_size, .seed = weft::testing::seed_of_this_test()}, [&] {
    crowd all(count);
    const std::size_t before = memory_in_use();
    all.park_all();
    each = static_cast<double>(memory_in_use() - before) / static_cast<double>(count);
    all.wake_and_join_all();
    EXPECT_EQ(all.woken(), count);
  });
  std::fprintf(stderr, "%zu parked fibers on stacks of %zu KiB: ", count, stack_size >> 10);
  return each;
}

[[noreturn]] void end_by_whether_at_most([[maybe_unused]] std::size_t bytes, std::size_t stack_size) {
  const double each = bytes_each(stack_size, as_many_as_fit());
  std::fprintf(stderr, "%.0f bytes each", each);
#if defined(__OPTIMIZE__) && !defined(WEFT_ASAN) && !defined(WEFT_TSAN)
  if (each > static_cast<double>(bytes)) std::exit(1);
#endif
  std::exit(::testing::Test::HasFailure() ? 1 : 0);
}

// In a process of its own: what others left in pools and slabs would not count, and what this leaves is gigabytes.
void expect_at_most(std::size_t bytes, std::size_t stack_size) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  weft::testing::watchdog::allow_much();
  EXPECT_EXIT(end_by_whether_at_most(bytes, stack_size), ::testing::ExitedWithCode(0), "bytes each");
}

TEST(many_fibers_death_test, a_crowd_on_small_stacks_parks_and_wakes) { expect_at_most(4710, std::size_t{64} << 10); }
TEST(many_fibers_death_test, a_crowd_on_stacks_of_the_default_size_parks_and_wakes) {
  expect_at_most(5120, std::size_t{256} << 10);
}

}  // namespace
