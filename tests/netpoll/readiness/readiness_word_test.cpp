// Room: tests of netpoll. readiness_word step by step, each interleaving that matters by name. The model searches them
// all (tests/model); this tells what they are.

#include <readiness_word.hpp>

#include <gtest/gtest.h>

#include <weft/runtime/detail/real_env.hpp>

namespace weft::net::detail {
namespace {

using word = readiness_word<weft::detail::real_env>;

constexpr waiter_id k_nobody{};
constexpr waiter_id k_first{1, 10};
constexpr waiter_id k_second{2, 20};

bool operator==(const waiter_id& a, const waiter_id& b) { return a.who == b.who && a.generation == b.generation; }

TEST(readiness_word, a_read_is_tried_first) {
  word w;
  w.reset(true);
  EXPECT_TRUE(word::is_ready(w.prepare()));
  EXPECT_EQ(w.begin_wait(k_first), word::begun::ready);
}

TEST(readiness_word, an_event_between_the_call_and_the_clear_is_not_lost) {
  word w;
  w.reset(true);
  const auto seen = w.prepare();
  EXPECT_TRUE(w.set_ready(false) == k_nobody);
  EXPECT_FALSE(w.clear(seen));
  EXPECT_TRUE(word::is_ready(w.prepare()));
}

TEST(readiness_word, an_event_between_the_clear_and_the_wait_is_not_lost) {
  word w;
  w.reset(true);
  EXPECT_TRUE(w.clear(w.prepare()));
  EXPECT_FALSE(word::is_ready(w.prepare()));
  EXPECT_TRUE(w.set_ready(false) == k_nobody);
  EXPECT_EQ(w.begin_wait(k_first), word::begun::ready);
}

TEST(readiness_word, an_event_names_the_waiter_once) {
  word w;
  w.reset(false);
  ASSERT_EQ(w.begin_wait(k_first), word::begun::waiting);
  EXPECT_TRUE(w.set_ready(false) == k_first);
  EXPECT_TRUE(w.set_ready(false) == k_nobody);
  w.end_wait();
  EXPECT_TRUE(word::is_ready(w.prepare()));
}

TEST(readiness_word, a_wait_that_ended_is_not_named) {
  word w;
  w.reset(false);
  ASSERT_EQ(w.begin_wait(k_first), word::begun::waiting);
  w.end_wait();
  EXPECT_TRUE(w.set_ready(false) == k_nobody);
  w.reset(false);
  ASSERT_EQ(w.begin_wait(k_second), word::begun::waiting);
  EXPECT_TRUE(w.close() == k_second);
}

TEST(readiness_word, close_ends_this_wait_and_those_to_come) {
  word w;
  w.reset(false);
  ASSERT_EQ(w.begin_wait(k_first), word::begun::waiting);
  EXPECT_TRUE(w.close() == k_first);
  w.end_wait();
  EXPECT_TRUE(word::is_closing(w.prepare()));
  EXPECT_EQ(w.begin_wait(k_second), word::begun::closing);
  w.reset(false);
  EXPECT_FALSE(word::is_closing(w.prepare()));
}

TEST(readiness_word, a_moved_deadline_wakes_without_readiness) {
  word w;
  w.reset(false);
  EXPECT_EQ(w.deadline(), word::k_no_deadline);
  ASSERT_EQ(w.begin_wait(k_first), word::begun::waiting);
  EXPECT_TRUE(w.move_deadline(7) == k_first);
  w.end_wait();
  EXPECT_EQ(w.deadline(), 7);
  EXPECT_FALSE(word::is_ready(w.prepare()));
  w.reset(false);
  EXPECT_EQ(w.deadline(), word::k_no_deadline) << "a deadline outlived its descriptor";
}

TEST(readiness_word, doubt_stays) {
  word w;
  w.reset(false);
  EXPECT_TRUE(w.set_ready(true) == k_nobody);
  EXPECT_TRUE(w.set_ready(false) == k_nobody);
  const auto seen = w.prepare();
  EXPECT_TRUE(word::is_doubtful(seen));
  EXPECT_TRUE(w.clear(seen));
  EXPECT_TRUE(word::is_doubtful(w.prepare()));
  w.reset(true);
  EXPECT_FALSE(word::is_doubtful(w.prepare()));
}

TEST(readiness_word, what_an_earlier_tenant_saw_never_matches) {
  word w;
  w.reset(true);
  const auto seen = w.prepare();
  w.reset(true);
  EXPECT_FALSE(w.clear(seen));
}

}  // namespace
}  // namespace weft::net::detail
