// Who leaves inject when: three lists in turns, the newest of the spilled for whoever is out of work, one of the oldest
// for whoever looks around.

#include "inject_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace {

using weft::detail::fiber_block;
using weft::detail::fiber_life;
using weft::detail::inject_queue;

// Blocks without a runtime: the queue looks at nothing but their life and their links.
struct blocks {
  std::array<fiber_block, 12> all;
  explicit blocks(fiber_life life) {
    for (fiber_block& each : all) each.life.store(life, std::memory_order_relaxed);
  }
  fiber_block* operator[](std::size_t i) { return &all[i]; }
};

std::vector<fiber_block*> take_fresh(inject_queue& from, std::size_t most,
                                     inject_queue::spilled which = inject_queue::spilled::newest) {
  std::vector<fiber_block*> taken(most);
  taken.resize(from.take_fresh(taken.data(), most, which));
  return taken;
}

std::vector<fiber_block*> take_begun(inject_queue& from, std::size_t most) {
  std::vector<fiber_block*> taken(most);
  taken.resize(from.take_begun(taken.data(), most));
  return taken;
}

TEST(inject_queue, those_that_have_begun_do_not_wait_for_those_that_have_not) {
  blocks begun(fiber_life::started), fresh(fiber_life::spawned);
  inject_queue queue;
  for (std::size_t i = 0; i < 10; ++i) queue.push(fresh[i]);
  queue.push(begun[0]);
  queue.push(begun[1]);
  EXPECT_EQ(queue.begun(), 2u);
  EXPECT_EQ(queue.fresh(), 10u);
  EXPECT_EQ(take_begun(queue, 8), (std::vector{begun[0], begun[1]}));
  EXPECT_EQ(queue.size(), 10u);
}

TEST(inject_queue, spilled_fibers_and_those_from_outside_leave_in_turns) {
  blocks fresh(fiber_life::spawned);
  inject_queue queue;
  const std::array spilled{fresh[0], fresh[1]};
  queue.push_spilled(spilled.data(), spilled.size());
  queue.push(fresh[2]);
  queue.push(fresh[3]);
  const auto two = take_fresh(queue, 2);
  EXPECT_EQ(std::count(two.begin(), two.end(), fresh[1]), 1);
  EXPECT_EQ(std::count(two.begin(), two.end(), fresh[2]), 1);
  EXPECT_EQ(take_fresh(queue, 8).size(), 2u);
}

TEST(inject_queue, fibers_from_outside_leave_in_their_order) {
  blocks fresh(fiber_life::spawned);
  inject_queue queue;
  for (std::size_t i = 0; i < 3; ++i) queue.push(fresh[i]);
  EXPECT_EQ(take_fresh(queue, 8), (std::vector{fresh[0], fresh[1], fresh[2]}));
  EXPECT_EQ(queue.size(), 0u);
}

TEST(inject_queue, of_the_spilled_the_newest_go_to_who_is_out_of_work) {
  blocks fresh(fiber_life::spawned);
  inject_queue queue;
  const std::array spilled{fresh[0], fresh[1], fresh[2], fresh[3]};
  queue.push_spilled(spilled.data(), spilled.size());
  EXPECT_EQ(take_fresh(queue, 2), (std::vector{fresh[3], fresh[2]}));
  EXPECT_EQ(take_fresh(queue, 2), (std::vector{fresh[1], fresh[0]}));
}

TEST(inject_queue, of_the_spilled_the_oldest_one_goes_to_who_looks_around) {
  blocks fresh(fiber_life::spawned);
  inject_queue queue;
  const std::array spilled{fresh[0], fresh[1], fresh[2]};
  queue.push_spilled(spilled.data(), spilled.size());
  EXPECT_EQ(take_fresh(queue, 8, inject_queue::spilled::one_oldest), (std::vector{fresh[0]}));
  EXPECT_EQ(take_fresh(queue, 8, inject_queue::spilled::one_oldest), (std::vector{fresh[1]}));
  EXPECT_EQ(queue.size(), 1u);
}

TEST(inject_queue, who_looks_around_takes_one_from_outside_beside_the_oldest_spilled) {
  blocks fresh(fiber_life::spawned);
  inject_queue queue;
  const std::array spilled{fresh[0], fresh[1]};
  queue.push_spilled(spilled.data(), spilled.size());
  queue.push(fresh[2]);
  queue.push(fresh[3]);
  EXPECT_EQ(take_fresh(queue, 2, inject_queue::spilled::one_oldest), (std::vector{fresh[0], fresh[2]}));
}

TEST(inject_queue, spilled_fibers_that_have_begun_keep_their_order) {
  blocks begun(fiber_life::started);
  inject_queue queue;
  const std::array spilled{begun[0], begun[1], begun[2]};
  queue.push_spilled(spilled.data(), spilled.size());
  EXPECT_EQ(take_begun(queue, 8), (std::vector{begun[0], begun[1], begun[2]}));
}

TEST(inject_queue, a_share_of_those_that_have_begun_leaves_a_quarter_of_the_room_to_others_but_is_one_at_least) {
  std::array<fiber_block, 100> all;
  inject_queue queue;
  for (fiber_block& each : all) {
    each.life.store(fiber_life::started, std::memory_order_relaxed);
    queue.push(&each);
  }
  EXPECT_EQ(queue.share_of(1, 256).begun, 64u);
  EXPECT_EQ(queue.share_of(4, 256).begun, 26u);
  EXPECT_EQ(queue.share_of(1, 10).begun, 8u);
  EXPECT_EQ(queue.share_of(1, 0).begun, 1u);
}

TEST(inject_queue, of_those_that_have_not_begun_a_share_leaves_room_for_what_they_make) {
  std::array<fiber_block, 100> all;
  inject_queue queue;
  for (fiber_block& each : all) queue.push(&each);
  EXPECT_EQ(queue.share_of(1, 256).fresh, 34u);
  EXPECT_EQ(queue.share_of(1, 80).fresh, 12u);
  EXPECT_EQ(queue.share_of(1, 0).fresh, 2u);
}

TEST(inject_queue, a_share_of_nothing_is_nothing_that_has_begun) {
  const inject_queue queue;
  EXPECT_EQ(queue.share_of(1, 256).begun, 0u);
}

}  // namespace
