// Deadlines of one worker, as a heap.

#include "timer_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include <weft/runtime/detail/random.hpp>

namespace {

using namespace weft::detail;
using weft::deadline;

std::vector<std::uint64_t> pop_all(timer_queue& queue, std::int64_t now) {
  std::vector<std::uint64_t> popped;
  timer_queue::due due;
  while (queue.pop_due(deadline::from_nanoseconds(now), due)) popped.push_back(due.generation);
  return popped;
}

TEST(timer_queue, pops_what_is_due_in_order_and_nothing_else) {
  timer_queue queue;
  std::vector<timer_node> nodes(5);
  const std::int64_t at[] = {30, 10, 50, 20, 40};
  for (std::size_t i = 0; i < 5; ++i)
    queue.arm(nodes[i], deadline::from_nanoseconds(at[i]), static_cast<std::uint64_t>(at[i]));
  EXPECT_EQ(queue.earliest(), deadline::from_nanoseconds(10));
  EXPECT_EQ(pop_all(queue, 30), (std::vector<std::uint64_t>{10, 20, 30}));
  EXPECT_EQ(queue.earliest(), deadline::from_nanoseconds(40));
  EXPECT_EQ(pop_all(queue, 1000), (std::vector<std::uint64_t>{40, 50}));
  EXPECT_TRUE(queue.earliest().is_never());
}

TEST(timer_queue, cancelled_ones_never_come) {
  timer_queue queue;
  constexpr std::size_t k_count = 2000;
  std::vector<timer_node> nodes(k_count);
  std::vector<std::uint64_t> left;
  for (std::size_t i = 0; i < k_count; ++i) queue.arm(nodes[i], deadline::from_nanoseconds(random_below(10'000)), i);
  for (std::size_t i = 0; i < k_count; ++i) {
    if (random_below(2) == 0)
      timer_queue::cancel(nodes[i]);
    else
      left.push_back(i);
  }
  EXPECT_EQ(queue.size(), left.size());
  std::vector<std::uint64_t> popped = pop_all(queue, 10'000);
  for (std::size_t i = 1; i < popped.size(); ++i) EXPECT_LE(nodes[popped[i - 1]].due_at, nodes[popped[i]].due_at);
  std::sort(popped.begin(), popped.end());
  EXPECT_EQ(popped, left);
}

TEST(timer_queue, a_node_may_be_armed_again_after_it_came_or_was_cancelled) {
  timer_queue queue;
  timer_node node;
  queue.arm(node, deadline::from_nanoseconds(1), 1);
  EXPECT_EQ(pop_all(queue, 1), std::vector<std::uint64_t>{1});
  timer_queue::cancel(node);  // it came first: nothing to do
  queue.arm(node, deadline::from_nanoseconds(2), 2);
  timer_queue::cancel(node);
  queue.arm(node, deadline::from_nanoseconds(3), 3);
  EXPECT_EQ(pop_all(queue, 3), std::vector<std::uint64_t>{3});
}

TEST(timer_queue, a_million_armed_and_cancelled_leave_an_earlier_one_alone) {
  timer_queue queue;
  timer_node early;
  timer_node node;
  queue.arm(early, deadline::from_nanoseconds(5), 7);
  for (int i = 0; i < 1'000'000; ++i) {
    queue.arm(node, deadline::from_nanoseconds(1000 + i), 1);
    timer_queue::cancel(node);
  }
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(pop_all(queue, 5), std::vector<std::uint64_t>{7});
}

}  // namespace
