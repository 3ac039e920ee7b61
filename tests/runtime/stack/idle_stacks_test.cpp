// The memory of stacks that nobody uses goes back: slowly while a runtime lives, at once when the last one ends and by
// trim(); and whoever has a permit finds a stack meanwhile.

#include "idle_stacks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/detail/idle_memory.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/trim.hpp>

#include "sanitizers.hpp"
#include "stack_faults.hpp"
#include "stack_pool.hpp"

namespace {

using namespace weft::detail;
using weft::testing::wait_until;

// A size that no other test uses: what lies in its pool is ours.
constexpr std::size_t k_own_size = std::size_t{128} << 10;

stack_pool& own_pool() { return stack_pool::for_size(k_own_size); }

std::vector<stack> take_and_touch(stack_pool& pool, std::size_t count) {
  std::vector<stack> taken(count);
  for (stack& each : taken) {
    pool.take_permit();
    each = pool.take();
    std::memset(static_cast<std::byte*>(each.top()) - 5000, 1, 5000);
  }
  return taken;
}

TEST(idle_stacks, the_coldest_are_given_back_first_and_taken_last_and_are_guarded_still) {
  stack_pool pool(k_own_size, stack_memory::best_guards());
  const std::vector<stack> taken = take_and_touch(pool, 100);
  pool.give_back(taken, taken.size());
  std::size_t bytes = 0;
  EXPECT_EQ(pool.cool(60, &bytes), 60u);
  EXPECT_GE(bytes, 60 * 2 * stack_memory::k_page);
  EXPECT_EQ(pool.measure().pooled, 100u);
  EXPECT_EQ(pool.measure().cold, 60u);
  EXPECT_EQ(pool.measure().permits, 0u);
  for (std::size_t i = 0; i < 60; ++i) EXPECT_EQ(pool.depth_of(taken[i].bottom), 0u) << i;
  for (std::size_t i = 60; i < 100; ++i) EXPECT_GE(pool.depth_of(taken[i].bottom), 2 * stack_memory::k_page) << i;
  const weft::testing::refused_guards refused;  // a cold one needs none
  for (std::size_t i = 100; i-- > 0;) {
    pool.take_permit();
    const stack again = pool.take();
    ASSERT_TRUE(again);
    if (i >= 60) {
      EXPECT_EQ(again.slot, taken[i].slot) << "not the hottest";
    }
    std::memset(again.bottom, 1, again.usable);
  }
  EXPECT_EQ(pool.measure().cold, 0u);
}

TEST(idle_stacks, only_what_lay_there_all_through_a_period_counts_as_idle) {
  stack_pool pool(k_own_size, stack_memory::best_guards());
  const std::vector<stack> taken = take_and_touch(pool, 100);
  pool.give_back(taken, taken.size());
  (void)pool.end_period();
  EXPECT_EQ(pool.end_period(), 100u);
  for (int i = 0; i < 30; ++i) pool.take_permit();
  std::vector<stack> again(30);
  EXPECT_EQ(pool.take(again.data(), again.size()), 30u);
  pool.give_back(again, again.size());
  EXPECT_EQ(pool.end_period(), 70u);
  EXPECT_EQ(pool.end_period(), 100u);
}

// While all but a few are out, and no more are to be had.
TEST(idle_stacks, whoever_has_a_permit_finds_a_stack_while_others_are_being_given_back) {
  const weft::testing::scarce_mappings mappings(300);
  stack_pool pool(k_own_size, guard_method::protection);
  std::atomic<bool> ends{false};
  std::thread cooler([&] {
    while (!ends) (void)pool.cool(1000);
  });
  for (int round = 0; round < 50; ++round) {
    std::vector<stack> taken = take_and_touch(pool, 100 + static_cast<std::size_t>(round));
    for (const stack& each : taken) ASSERT_TRUE(each) << "a permit without a stack";
    pool.give_back(taken, taken.size());
  }
  ends = true;
  cooler.join();
  EXPECT_EQ(pool.measure().permits, 0u);
  EXPECT_LE(pool.measure().pooled, 300u) << "a stack was there twice";
}

#if !defined(WEFT_ASAN) && !defined(WEFT_TSAN)
TEST(idle_stacks_death_test, a_guard_outlives_the_memory_of_its_stack) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const guard_method guards : {stack_memory::best_guards(), guard_method::protection}) {
    stack_pool pool(k_own_size, guards);
    const std::vector<stack> taken = take_and_touch(pool, 1);
    pool.give_back(taken, 1);
    ASSERT_EQ(pool.cool(1), 1u);
    EXPECT_DEATH(*const_cast<volatile std::byte*>(taken[0].bottom - 1) = std::byte{1}, "");
  }
}
#endif

constexpr std::size_t k_burst = 300;

// So many fibers at once, whose stacks then lie in the pool.
void burst() {
  std::atomic<std::size_t> begun{0};
  std::vector<weft::join_handle<void>> fibers(k_burst);
  for (auto& each : fibers)
    each = weft::spawn({.stack_size = k_own_size}, [&begun] {
      ++begun;
      weft::this_fiber::sleep_for(std::chrono::hours(1));
    });
  wait_until([&] { return begun == k_burst; });
  fibers.clear();
  wait_until([] { return own_pool().measure().permits == 0; });  // who is joined has its stack still, for a moment
}

// Short enough for a test, and longer than a monitor takes until it sleeps.
class short_periods {
 public:
  short_periods() { idle_stacks::period_ns = 50'000'000; }
  ~short_periods() { idle_stacks::period_ns = before_; }
  short_periods(const short_periods&) = delete;
  short_periods& operator=(const short_periods&) = delete;

 private:
  const std::int64_t before_ = idle_stacks::period_ns;
};

FIBER_TEST(idle_stacks, a_burst_is_given_back_by_trim_which_tells_how_much_it_was) {
  burst();
  const stack_figures before = own_pool().measure();
  EXPECT_GE(before.pooled, k_burst);
  // Each has a page at least, and some may have been given back already.
  EXPECT_GE(weft::trim(), (before.pooled - before.cold) * stack_memory::k_page);
  EXPECT_EQ(own_pool().measure().cold, own_pool().measure().pooled);
  burst();
}

FIBER_TEST(idle_stacks, a_monitor_gives_a_burst_back_while_fibers_run) {
  const short_periods shortened;
  burst();
  wait_until([] { return own_pool().measure().cold > k_burst / 2; });
}

TEST(idle_stacks, a_monitor_gives_a_burst_back_while_all_sleep_and_the_end_of_the_runtime_the_rest) {
  const short_periods shortened;
  weft::runtime rt({.workers = 2});
  rt.run([] { burst(); });
  wait_until([] { return own_pool().measure().cold > k_burst / 2; });
  EXPECT_LT(own_pool().measure().cold, own_pool().measure().pooled);
  rt.stop();
  EXPECT_EQ(own_pool().measure().cold, own_pool().measure().pooled);
}

// Of another room: nothing but numbers.
class kept_elsewhere final : public idle_memory {
 public:
  std::size_t warm() noexcept override { return idle; }
  std::size_t end_period() noexcept override { return idle; }
  std::size_t cool(std::size_t most, std::size_t* bytes) noexcept override {
    const std::size_t cooled = std::min(most, idle.load());
    idle -= cooled;
    if (bytes != nullptr) *bytes += cooled * 1000;
    return cooled;
  }

  std::atomic<std::size_t> idle{0};
};

kept_elsewhere& kept() {
  static kept_elsewhere& the_one = []() -> kept_elsewhere& {
    static kept_elsewhere kind;
    keep_idle_memory(kind);
    return kind;
  }();
  return the_one;
}

FIBER_TEST(idle_stacks, what_other_rooms_keep_goes_by_the_same_rules) {
  const short_periods shortened;
  kept().idle = 300;
  EXPECT_GE(weft::trim(), 300'000u);
  EXPECT_EQ(kept().idle, 0u);
  kept().idle = 1000;
  wait_until([] { return kept().idle <= 600; });
  EXPECT_GE(kept().idle, 64u) << "the last ones of each size stay";
}

TEST(idle_stacks, the_end_of_the_last_runtime_gives_back_what_other_rooms_keep) {
  weft::runtime rt({.workers = 1});
  rt.run([] { kept().idle = 64; });
  rt.stop();
  EXPECT_EQ(kept().idle, 0u);
}

}  // namespace
