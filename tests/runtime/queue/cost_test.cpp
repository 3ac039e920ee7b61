// What a wake and a steal do to memory that workers share, counted: it does not grow with workers, but for a word for
// each 64 of them, nor with the fibers that are ready. steps_test.cpp counts whole operations.

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

#include "counting_env.hpp"
#include "idle_set.hpp"
#include "next_slot.hpp"
#include "seat_walk.hpp"
#include "steal_ring.hpp"

namespace {

using weft::testing::accesses;
using weft::testing::count_accesses;
using weft::testing::counting_env;
using counted_idle_set = weft::detail::idle_set<counting_env>;

constexpr unsigned words_for(unsigned workers) { return (workers + 63) / 64; }

class cost : public testing::TestWithParam<unsigned> {};

// "Waking": W2 and W7's fence, W5, W6.
TEST_P(cost, a_wake_takes_three_locked_operations_however_many_workers_sleep) {
  const unsigned workers = GetParam();
  counted_idle_set idle(workers);
  for (unsigned i = 1; i < workers; ++i) idle.announce_sleep(i);
  int picked = -1;
  EXPECT_EQ(count_accesses([&] { picked = idle.pick_to_wake(); }), (accesses{.loads = 4, .stores = 0, .locked = 3}));
  EXPECT_EQ(picked, 1);
}

// At its longest: it reads every word twice, once to see that somebody sleeps and once to see who.
TEST_P(cost, a_wake_of_the_last_worker_reads_a_word_for_each_64_workers) {
  const unsigned workers = GetParam();
  counted_idle_set idle(workers);
  idle.announce_sleep(workers - 1);
  EXPECT_EQ(count_accesses([&] { (void)idle.pick_to_wake(); }),
            (accesses{.loads = 2 + 2 * words_for(workers), .stores = 0, .locked = 3}));
}

TEST_P(cost, a_wake_that_nobody_needs_takes_a_fence_and_reads_one_counter) {
  counted_idle_set idle(GetParam());
  for (unsigned i = 1; i < GetParam(); ++i) idle.announce_sleep(i);
  ASSERT_TRUE(idle.transition_to_searching(idle.k_no_limit));
  EXPECT_EQ(count_accesses([&] { EXPECT_EQ(idle.pick_to_wake(), -1); }),
            (accesses{.loads = 1, .stores = 0, .locked = 1}));
}

TEST_P(cost, a_wake_that_finds_all_awake_takes_a_fence_and_reads_a_word_for_each_64_workers) {
  counted_idle_set idle(GetParam());
  EXPECT_EQ(count_accesses([&] { EXPECT_EQ(idle.pick_to_wake(), -1); }),
            (accesses{.loads = 1 + words_for(GetParam()), .stores = 0, .locked = 1}));
}

TEST_P(cost, falling_asleep_and_waking_up_again_take_three_locked_operations) {
  const unsigned last = GetParam() - 1;
  counted_idle_set idle(GetParam());
  for (unsigned i = 0; i < last; ++i) idle.announce_sleep(i);
  EXPECT_EQ(count_accesses([&] {
              idle.announce_sleep(last);
              EXPECT_TRUE(idle.retract_sleep(last));
            }),
            (accesses{.loads = 1, .stores = 0, .locked = 3}));
}

// Which of `seats` a thief that sits in `thief` finds something in, and how often it looks for that.
template <class HasWork>
unsigned looks_until_found(unsigned seats, unsigned start, unsigned thief, HasWork has_work) {
  unsigned looks = 0;
  (void)weft::detail::first_from_seats(seats, start, [&](unsigned seat) {
    looks += seat != thief ? 1 : 0;
    return seat != thief && has_work(seat);
  });
  return looks;
}

TEST_P(cost, a_thief_among_busy_workers_looks_at_one_of_them) {
  const unsigned seats = GetParam();
  for (unsigned start = 0; start < seats; ++start)
    EXPECT_EQ(looks_until_found(seats, start, seats / 2, [](unsigned) { return true; }), 1u);
}

// What is found among how many decides, not how many there are: if one in four has work four looks do, and as a thief
// starts anywhere, 2.5 on average.
TEST_P(cost, a_thief_looks_at_as_many_as_there_are_for_each_that_has_work) {
  const unsigned seats = GetParam();
  if (seats < 8) return;
  unsigned all = 0;
  for (unsigned start = 0; start < seats; ++start) {
    const unsigned looks = looks_until_found(seats, start, seats, [](unsigned seat) { return seat % 4 == 0; });
    EXPECT_LE(looks, 4u);
    all += looks;
  }
  EXPECT_EQ(all, seats * 5 / 2);
}

// The price of certainty before it sleeps: this alone grows with workers, for those that find nothing to do.
TEST_P(cost, a_thief_that_finds_nothing_has_looked_at_every_other_seat_once) {
  const unsigned seats = GetParam();
  for (unsigned start = 0; start < seats; ++start)
    EXPECT_EQ(looks_until_found(seats, start, 0, [](unsigned) { return false; }), seats - 1);
}

INSTANTIATE_TEST_SUITE_P(workers, cost, testing::Values(2u, 8u, 32u, 64u, 256u));

// --- The ring: one locked operation for as many as there are, and a load and a store for each that is moved.

struct item {};

class ring_cost : public testing::TestWithParam<unsigned> {
 protected:
  using ring = weft::detail::steal_ring<counting_env, item>;

  ring_cost() {
    for (unsigned i = 0; i < GetParam(); ++i) EXPECT_TRUE(victim.push(&items[i]));
  }

  std::array<item, ring::k_capacity> items;
  ring victim, mine;
};

TEST_P(ring_cost, a_steal_takes_half_by_one_locked_operation) {
  const unsigned moved = (GetParam() + 1) / 2 - 1;  // the first is returned, the others go to the thief's ring
  const unsigned publishes = moved != 0 ? 1 : 0;
  EXPECT_EQ(count_accesses([&] { EXPECT_NE(victim.steal_into(mine), nullptr); }),
            (accesses{.loads = 5 + moved, .stores = moved + publishes, .locked = 1}));
  EXPECT_EQ(mine.size(), moved);
}

TEST_P(ring_cost, a_push_and_a_pop_cost_the_same_whatever_the_ring_holds) {
  if (GetParam() == ring::k_capacity) (void)victim.pop();
  EXPECT_EQ(count_accesses([&] {
              EXPECT_TRUE(victim.push(&items[0]));
              EXPECT_NE(victim.pop(), nullptr);
            }),
            (accesses{.loads = 5, .stores = 2, .locked = 1}));
}

TEST_P(ring_cost, a_look_ahead_is_three_loads_and_takes_nothing) {
  const unsigned size = GetParam();
  EXPECT_EQ(count_accesses([&] { EXPECT_EQ(victim.ahead(size - 1), &items[size - 1]); }),
            (accesses{.loads = 3, .stores = 0, .locked = 0}));
  EXPECT_EQ(victim.ahead(size), nullptr);
  EXPECT_EQ(victim.size(), size);
  EXPECT_EQ(victim.pop(), &items[0]);
  EXPECT_EQ(victim.ahead(0), size > 1 ? &items[1] : nullptr);
}

INSTANTIATE_TEST_SUITE_P(ready_fibers, ring_cost, testing::Values(1u, 2u, 16u, 100u, 256u));

TEST(cost, an_empty_ring_costs_a_thief_four_loads_two_of_its_own_and_nothing_locked) {
  weft::detail::steal_ring<counting_env, item> victim, mine;
  EXPECT_EQ(count_accesses([&] { EXPECT_EQ(victim.steal_into(mine), nullptr); }),
            (accesses{.loads = 4, .stores = 0, .locked = 0}));
}

TEST(cost, a_next_slot_costs_an_exchange_on_each_side) {
  weft::detail::next_slot<counting_env, item> next;
  item only;
  EXPECT_EQ(count_accesses([&] {
              EXPECT_EQ(next.put(&only), nullptr);
              EXPECT_EQ(next.take(), &only);
            }),
            (accesses{.loads = 0, .stores = 0, .locked = 2}));
}

}  // namespace
