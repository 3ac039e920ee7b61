// Stacks: guarded, coloured, pooled, trimmed; magazines; a refusal that names the limit.

#include "stack_pool.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>

#include "quantity_text.hpp"
#include "sanitizers.hpp"
#include "stack_faults.hpp"
#include "stack_magazine.hpp"

namespace {

using namespace weft::detail;

std::size_t mappings_of_this_process() {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) ++count;
  return count;
}

// What a permit is refused with; empty if it is given.
std::string refusal_of(stack_pool& pool) {
  try {
    pool.take_permit();
    return "";
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), std::errc::not_enough_memory);
    return e.what();
  }
}

TEST(stack_pool, gives_out_the_hottest_stack_first) {
  stack_pool pool(64 << 10, stack_memory::best_guards());
  pool.take_permit();
  pool.take_permit();
  const stack a = pool.take();
  const stack b = pool.take();
  ASSERT_TRUE(a && b);
  EXPECT_NE(a.slot, b.slot);
  pool.give_back({&a, 1}, 1);
  pool.give_back({&b, 1}, 1);
  EXPECT_EQ(pool.take().slot, b.slot);
}

TEST(stack_pool, tops_are_coloured_and_all_of_a_stack_can_be_written) {
  stack_pool pool(64 << 10, stack_memory::best_guards());
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
  if (stack_memory::best_guards() != guard_method::advice) GTEST_SKIP() << "this kernel has no MADV_GUARD_INSTALL";
  stack_pool pool(16 << 10, guard_method::advice);
  const std::size_t before = mappings_of_this_process();
  for (int i = 0; i < 10'000; ++i) {
    pool.take_permit();
    ASSERT_TRUE(pool.take());
  }
  EXPECT_LT(mappings_of_this_process(), before + 20);  // others of the process may have gone meanwhile
}

// One budget for the process: what one pool guards, another cannot.
TEST(stack_pool, the_permit_beyond_the_mappings_is_refused_by_name_and_works_again_later) {
  const weft::testing::scarce_mappings mappings(5);
  stack_pool small(16 << 10, guard_method::protection);
  stack_pool large(1 << 20, guard_method::protection);
  EXPECT_EQ(small.take_permits(3), 1u) << "batches where room is short";
  EXPECT_NE(refusal_of(large).find("vm.max_map_count"), std::string::npos);
  for (int i = 1; i < 5; ++i) small.take_permit();
  const std::string text = refusal_of(small);
  EXPECT_NE(text.find("vm.max_map_count"), std::string::npos) << text;
  EXPECT_NE(text.find("(5 stacks of 16 KiB are in use)"), std::string::npos) << text;
  small.return_permits(1);
  EXPECT_EQ(refusal_of(small), "");
}

TEST(stack_pool, whoever_has_a_permit_finds_a_stack_whatever_lies_in_magazines) {
  const weft::testing::scarce_mappings mappings(300);
  stack_pool pool(16 << 10, guard_method::protection);
  stack_magazine keeper(pool);
  std::vector<stack> taken;
  for (unsigned i = 0; i < stack_magazine::k_room / 2; ++i) {
    keeper.take_permit();
    taken.push_back(keeper.take());
  }
  for (const stack& each : taken) keeper.give_back(each);
  std::size_t permits = 0;
  std::size_t stacks = 0;
  while (refusal_of(pool).empty()) ++permits;
  while (stacks < permits && pool.take()) ++stacks;
  EXPECT_EQ(stacks, permits);
  EXPECT_GE(permits, 300 - stack_magazine::k_room - stack_magazine::k_most_permits);
  keeper.flush();
  while (refusal_of(pool).empty()) ++permits;
  EXPECT_EQ(permits, 300u) << "refused though there is room";
}

TEST(stack_pool, a_magazine_gives_out_the_hottest_and_keeps_no_more_than_its_room) {
  stack_pool pool(16 << 10, stack_memory::best_guards());
  stack_magazine magazine(pool);
  std::vector<stack> taken;
  for (int i = 0; i < 1000; ++i) {
    magazine.take_permit();
    taken.push_back(magazine.take());
    ASSERT_TRUE(taken.back());
  }
  for (const stack& each : taken) magazine.give_back(each);
  EXPECT_GE(pool.measure().pooled, 1000 - stack_magazine::k_room);
  EXPECT_LE(pool.measure().permits, std::size_t{stack_magazine::k_most_permits});
  magazine.take_permit();
  EXPECT_EQ(magazine.take().slot, taken.back().slot);
  magazine.give_back(taken.back());
  magazine.flush();
  EXPECT_EQ(pool.measure().pooled, 1000u);
  EXPECT_EQ(pool.measure().permits, 0u);
}

TEST(stack_pool, a_refused_guard_is_tried_again_and_used_stacks_come_first) {
  stack_pool pool(16 << 10, stack_memory::best_guards());
  EXPECT_GE(pool.take_permits(3), 3u);
  const stack first = pool.take();
  {
    const weft::testing::refused_guards refused;
    EXPECT_FALSE(pool.take());
    EXPECT_TRUE(pool.is_scarce());
    pool.give_back({&first, 1}, 0);
    EXPECT_EQ(pool.take().slot, first.slot);
    EXPECT_EQ(refused.count(), 1u);
  }
  const stack second = pool.take();
  EXPECT_EQ(second.slot, first.slot + 1) << "the slot whose guard was refused is lost";
  EXPECT_FALSE(pool.is_scarce());
}

void grow_to(const stack& s, std::size_t depth) {
  std::byte* const top = static_cast<std::byte*>(s.top());
  std::memset(top - depth, 0xa5, depth);
}

TEST(stack_pool, what_grew_deep_is_trimmed_when_it_is_pooled_and_what_stayed_small_is_kept) {
  stack_pool pool(256 << 10, stack_memory::best_guards());
  pool.take_permit();
  const stack s = pool.take();
  constexpr std::size_t k_small = 8 << 10;
  grow_to(s, k_small);
  pool.give_back({&s, 1}, 0);
  EXPECT_GE(pool.depth_of(s.bottom), k_small);
  EXPECT_LE(pool.depth_of(s.bottom), stack_pool::k_kept);
  constexpr std::size_t k_deep = 100 << 10;
  ASSERT_EQ(pool.take().slot, s.slot);
  grow_to(s, k_deep);
  EXPECT_GE(pool.depth_of(s.bottom), k_deep);
  pool.give_back({&s, 1}, 1);
  EXPECT_EQ(pool.depth_of(s.bottom), stack_pool::k_kept);
  EXPECT_GE(pool.measure().deepest, k_deep);
  EXPECT_LE(pool.measure().deepest, k_deep + 2 * stack_memory::k_page) << "the colour, and what rounds it to pages";
}

TEST(stack_pool, a_page_with_one_byte_written_is_not_zero_wherever_it_is) {
  alignas(stack_memory::k_page) static std::byte page[stack_memory::k_page];
  EXPECT_TRUE(stack_memory::is_zero_page(page));
  for (std::byte& each : page) {
    each = std::byte{1};
    EXPECT_FALSE(stack_memory::is_zero_page(page)) << "at " << &each - page;
    each = std::byte{0};
  }
  EXPECT_TRUE(stack_memory::is_zero_page(page));
}

TEST(stack_pool, the_deepest_of_those_in_use_is_measured_too) {
  stack_pool pool(64 << 10, stack_memory::best_guards());
  pool.take_permits(2);
  const stack shallow = pool.take();
  const stack deep = pool.take();
  grow_to(shallow, 100);
  EXPECT_LE(pool.measure().deepest, 2 * stack_memory::k_page);
  grow_to(deep, 40 << 10);
  EXPECT_GE(pool.measure().deepest, std::size_t{40} << 10);
}

TEST(stack_pool, pages_too_large_for_the_guards_are_refused_by_name) {
  stack_memory::refuse_larger_pages(stack_memory::page_of_system());
  try {
    stack_memory::refuse_larger_pages(std::size_t{64} << 10);
    FAIL();
  } catch (const std::runtime_error& e) {
    const std::string text = e.what();
    EXPECT_NE(text.find("pages are 64 KiB each"), std::string::npos) << text;
    EXPECT_NE(text.find("for pages of " + size_in_words(stack_memory::k_page)), std::string::npos) << text;
  }
}

TEST(stack_pool, sizes_are_rounded_up_and_bounded) {
  EXPECT_EQ(&stack_pool::for_size(200 << 10), &stack_pool::for_size(256 << 10));
  EXPECT_NE(&stack_pool::for_size(256 << 10), &stack_pool::for_size((256 << 10) + 1));
  for (const std::size_t size : {std::size_t{100}, stack_pool::k_min_size - 1, stack_pool::k_max_size + 1}) {
    try {
      (void)stack_pool::for_size(size);
      FAIL() << size;
    } catch (const std::invalid_argument& e) {
      const std::string text = e.what();
      EXPECT_NE(text.find("stack_size=" + std::to_string(size) + " of a spawn"), std::string::npos) << text;
      EXPECT_NE(text.find("at least 16 KiB and at most 1 GiB"), std::string::npos) << text;
    }
  }
}

#if defined(WEFT_ASAN)
TEST(stack_pool_death_test, a_pointer_into_the_stack_of_a_fiber_that_has_ended_is_caught) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto write_to_it = [] {
    weft::run({.workers = 1}, [] {
      char* dangling = nullptr;
      weft::spawn([&dangling] {
        char local[64];
        dangling = local;
      }).join();
      *dangling = 1;
    });
  };
  EXPECT_DEATH(write_to_it(), "use-after-poison");
}
#endif

#if !defined(WEFT_ASAN) && !defined(WEFT_TSAN)
void touch_below(const stack& s) { *const_cast<volatile std::byte*>(s.bottom - 1) = std::byte{1}; }

TEST(stack_pool_death_test, both_kinds_of_guard_stop_an_overflow) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const guard_method guards : {stack_memory::best_guards(), guard_method::protection}) {
    stack_pool pool(64 << 10, guards);
    pool.take_permit();
    const stack s = pool.take();
    EXPECT_DEATH(touch_below(s), "");
  }
}
#endif

}  // namespace
