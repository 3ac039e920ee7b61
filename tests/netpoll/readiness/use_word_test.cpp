// Room: tests of netpoll. use_word step by step: turns, closing, abandoning; and that many threads close exactly once.

#include <descriptor_block.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace weft::net::detail {
namespace {

using entered = users::entered;
using parting = users::parting;

TEST(use_word, directions_are_held_apart) {
  users use;
  use.reset();
  EXPECT_EQ(use.enter(direction::read), entered::holding);
  EXPECT_EQ(use.enter(direction::write), entered::holding);
  EXPECT_EQ(use.leave(direction::read), parting::nothing);
  EXPECT_EQ(use.leave(direction::write), parting::nothing);
}

TEST(use_word, the_second_reader_queues_and_is_handed_the_turn) {
  users use;
  use.reset();
  ASSERT_EQ(use.enter(direction::read), entered::holding);
  ASSERT_EQ(use.enter(direction::read), entered::must_queue);
  ASSERT_EQ(use.try_hold(direction::read), entered::must_queue);
  ASSERT_EQ(use.leave(direction::read), parting::hand_over);
  EXPECT_EQ(use.leave(), parting::nothing);  // the first is gone, the second holds
  EXPECT_EQ(use.leave(direction::read), parting::hand_over);
  use.disown(direction::read);
  EXPECT_EQ(use.leave(), parting::nothing);
  EXPECT_EQ(use.enter(direction::read), entered::holding);
}

TEST(use_word, a_turn_that_came_free_before_the_queue_is_taken) {
  users use;
  use.reset();
  ASSERT_EQ(use.enter(direction::write), entered::holding);
  ASSERT_EQ(use.enter(direction::write), entered::must_queue);
  ASSERT_EQ(use.leave(direction::write), parting::nothing);
  EXPECT_EQ(use.try_hold(direction::write), entered::holding);
}

TEST(use_word, closed_refuses_and_the_last_user_closes) {
  users use;
  use.reset();
  ASSERT_EQ(use.enter(direction::read), entered::holding);
  EXPECT_TRUE(use.close());
  EXPECT_FALSE(use.close());
  EXPECT_TRUE(use.is_closed());
  EXPECT_EQ(use.enter(direction::write), entered::closed);
  EXPECT_FALSE(use.enter());
  EXPECT_EQ(use.try_hold(direction::read), entered::closed);
  EXPECT_EQ(use.leave(), parting::nothing);  // the closer
  EXPECT_EQ(use.leave(direction::read), parting::close_descriptor);
  EXPECT_FALSE(use.leave_closed());
  EXPECT_TRUE(use.abandon());
}

TEST(use_word, abandoned_while_in_use_is_given_back_by_the_last_user) {
  users use;
  use.reset();
  ASSERT_TRUE(use.enter());
  ASSERT_TRUE(use.close());
  ASSERT_EQ(use.leave(), parting::nothing);
  EXPECT_FALSE(use.abandon());
  ASSERT_EQ(use.leave(), parting::close_descriptor);
  EXPECT_TRUE(use.leave_closed());
}

TEST(use_word, many_threads_close_once_and_give_back_once) {
  for (int round = 0; round < 2000; ++round) {
    users use;
    use.reset();
    std::atomic<int> closed{0};
    std::atomic<int> given_back{0};
    const auto depart = [&](parting p) {
      if (p != parting::close_descriptor) return;
      ++closed;
      if (use.leave_closed()) ++given_back;
    };
    const auto work = [&] {
      for (int i = 0; i < 20; ++i)
        if (use.enter()) depart(use.leave());
    };
    std::thread first(work);
    std::thread second([&] {
      if (use.enter(direction::read) == entered::holding) depart(use.leave(direction::read));
      work();
    });
    if (use.close()) depart(use.leave());
    if (use.abandon()) ++given_back;
    first.join();
    second.join();
    ASSERT_EQ(closed, 1);
    ASSERT_EQ(given_back, 1);
  }
}

}  // namespace
}  // namespace weft::net::detail
