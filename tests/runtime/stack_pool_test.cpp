// Stacks: guarded, coloured, pooled; a refusal that names the limit.

#include "stack_pool.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "sanitizers.hpp"

namespace {

using namespace weft::detail;

std::size_t mappings_of_this_process() {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) ++count;
  return count;
}

TEST(stack_pool, gives_out_the_hottest_stack_first) {
  stack_pool pool(64 << 10, stack_pool::best_guards(), SIZE_MAX);
  pool.take_permit();
  pool.take_permit();
  const stack a = pool.take();
  const stack b = pool.take();
  ASSERT_TRUE(a && b);
  EXPECT_NE(a.slot, b.slot);
  pool.give_back(a);
  pool.give_back(b);
  EXPECT_EQ(pool.take().slot, b.slot);
}

TEST(stack_pool, tops_are_coloured_and_all_of_a_stack_can_be_written) {
  stack_pool pool(64 << 10, stack_pool::best_guards(), SIZE_MAX);
  std::set<std::uintptr_t> colours;
  for (int i = 0; i < 32; ++i) {
    pool.take_permit();
    const stack s = pool.take();
    ASSERT_TRUE(s);
    std::memset(s.bottom, 0xa5, s.usable);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(s.top()) % 64, 0u);
    colours.insert(reinterpret_cast<std::uintptr_t>(s.top()) % 4096);
  }
  EXPECT_EQ(colours.size(), 32u);
}

TEST(stack_pool, ten_thousand_guarded_stacks_take_a_handful_of_mappings) {
  if (stack_pool::best_guards() != guard_method::advice) GTEST_SKIP() << "this kernel has no MADV_GUARD_INSTALL";
  stack_pool pool(16 << 10, guard_method::advice, SIZE_MAX);
  const std::size_t before = mappings_of_this_process();
  for (int i = 0; i < 10'000; ++i) {
    pool.take_permit();
    ASSERT_TRUE(pool.take());
  }
  EXPECT_LT(mappings_of_this_process() - before, 20u);
}

TEST(stack_pool, the_permit_beyond_the_limit_is_refused_by_name_and_works_again_later) {
  stack_pool pool(16 << 10, guard_method::protection, 3);
  for (int i = 0; i < 3; ++i) pool.take_permit();
  try {
    pool.take_permit();
    FAIL();
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), std::errc::not_enough_memory);
    EXPECT_NE(std::string(e.what()).find("vm.max_map_count"), std::string::npos) << e.what();
  }
  pool.return_permit();
  EXPECT_NO_THROW(pool.take_permit());
}

TEST(stack_pool, sizes_are_rounded_up_and_bounded) {
  EXPECT_EQ(&stack_pool::for_size(1), &stack_pool::for_size(stack_pool::k_min_size));
  EXPECT_EQ(&stack_pool::for_size(200 << 10), &stack_pool::for_size(256 << 10));
  EXPECT_NE(&stack_pool::for_size(256 << 10), &stack_pool::for_size((256 << 10) + 1));
  EXPECT_THROW((void)stack_pool::for_size(stack_pool::k_max_size + 1), std::invalid_argument);
}

#if !defined(WEFT_ASAN) && !defined(WEFT_TSAN)
void touch_below(const stack& s) { *const_cast<volatile std::byte*>(s.bottom - 1) = std::byte{1}; }

TEST(stack_pool_death_test, both_kinds_of_guard_stop_an_overflow) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const guard_method guards : {stack_pool::best_guards(), guard_method::protection}) {
    stack_pool pool(64 << 10, guards, SIZE_MAX);
    pool.take_permit();
    const stack s = pool.take();
    EXPECT_DEATH(touch_below(s), "");
  }
}
#endif

}  // namespace
