// What channel.hpp promises of one channel; races stand in channel_race_test.cpp, kinds of values in
// channel_value_test.cpp.

#include <weft/sync/channel.hpp>

#include <chrono>
#include <concepts>
#include <limits>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <system_error>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"

namespace {

using namespace std::chrono_literals;
using weft::channel;
using weft::channel_status;
using weft::testing::await_parked;

static_assert(std::ranges::input_range<const channel<int>&>);
static_assert(!std::convertible_to<int, channel<int>>, "a number is not a channel");
static_assert(sizeof(channel<int>) == 2 * sizeof(void*));

FIBER_TEST(channel, ends_the_loop_over_it_when_closed_and_drained) {
  channel<int> ch;
  weft::go([ch] {
    for (int i = 0; i < 3; ++i) ch.send(i);
    ch.close();
  });
  std::vector<int> got;
  for (int v : ch) got.push_back(v);
  EXPECT_EQ(got, (std::vector<int>{0, 1, 2}));
}

FIBER_TEST(channel, unbuffered_a_send_ends_only_when_a_receiver_has_the_value) {
  channel<int> ch;
  bool sent = false;
  auto sender = weft::spawn([&] {
    ch.send(7);
    sent = true;
  });
  await_parked(1, "channel send");
  EXPECT_FALSE(sent);
  EXPECT_EQ(ch.size(), 0u);
  EXPECT_EQ(ch.recv(), 7);
  sender.join();
  EXPECT_TRUE(sent);
}

FIBER_TEST(channel, hands_a_value_to_a_receiver_that_waits) {
  channel<int> ch;
  auto receiver = weft::spawn([&] { return ch.recv(); });
  await_parked(1, "channel receive");
  ch.send(9);
  EXPECT_EQ(receiver.join(), 9);
}

FIBER_TEST(channel, buffers_up_to_its_capacity) {
  channel<int> ch(3);
  EXPECT_EQ(ch.capacity(), 3u);
  for (int i = 0; i < 3; ++i) ch.send(i);
  EXPECT_EQ(ch.size(), 3u);
  EXPECT_EQ(ch.try_send(3), channel_status::full);
  auto sender = weft::spawn([&] { ch.send(3); });
  await_parked(1, "channel send");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ch.recv(), i);
  sender.join();
  int out = -1;
  EXPECT_EQ(ch.try_recv(out), channel_status::empty);
  EXPECT_EQ(out, -1);
}

FIBER_TEST(channel, keeps_the_order_through_the_ring_and_the_senders_behind_it) {
  channel<int> ch(2);
  std::vector<weft::join_handle<void>> senders;
  for (int i = 0; i < 6; ++i) {
    senders.push_back(weft::spawn([&, i] { ch.send(i); }));
    if (i >= 2)
      await_parked(static_cast<std::size_t>(i) - 1, "channel send");
    else
      senders.back().join();
  }
  for (int i = 0; i < 6; ++i) EXPECT_EQ(ch.recv(), i);
  for (auto& each : senders)
    if (each.joinable()) each.join();
}

FIBER_TEST(channel, serves_receivers_in_the_order_in_which_they_came) {
  channel<int> ch;
  std::vector<weft::join_handle<std::optional<int>>> receivers;
  for (std::size_t i = 0; i < 6; ++i) {
    receivers.push_back(weft::spawn([&] { return ch.recv(); }));
    await_parked(i + 1, "channel receive");
  }
  for (int i = 0; i < 6; ++i) ch.send(i);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(receivers[static_cast<std::size_t>(i)].join(), i);
}

FIBER_TEST(channel, one_value_wakes_one_receiver) {
  channel<int> ch;
  std::vector<weft::join_handle<std::optional<int>>> receivers;
  for (int i = 0; i < 5; ++i) receivers.push_back(weft::spawn([&] { return ch.recv(); }));
  await_parked(5, "channel receive");
  ch.send(1);
  await_parked(4, "channel receive");
  ch.close();
  int values = 0;
  for (auto& each : receivers) values += each.join().has_value() ? 1 : 0;
  EXPECT_EQ(values, 1);
}

FIBER_TEST(channel, closed_it_gives_out_what_it_holds_and_then_says_so) {
  channel<int> ch(4);
  ch.send(1);
  ch.send(2);
  ch.close();
  std::optional<int> out;
  EXPECT_EQ(ch.try_recv(out), channel_status::ok);
  EXPECT_EQ(out, 1);
  EXPECT_EQ(ch.recv(), 2);
  EXPECT_EQ(ch.recv(), std::nullopt);
  EXPECT_EQ(ch.try_recv(out), channel_status::closed);
  EXPECT_EQ(out, std::nullopt);
  EXPECT_EQ(ch.recv_for(out, 1h), channel_status::closed);
}

FIBER_TEST(channel, closed_it_refuses_what_is_sent) {
  channel<int> ch(4);
  ch.close();
  EXPECT_THROW(ch.send(1), weft::channel_closed);
  EXPECT_EQ(ch.try_send(1), channel_status::closed);
  EXPECT_EQ(ch.send_for(1, 1h), channel_status::closed);
  EXPECT_EQ(ch.size(), 0u);
}

FIBER_TEST(channel, closing_it_twice_throws) {
  channel<int> ch;
  ch.close();
  EXPECT_THROW(ch.close(), weft::channel_closed);
  static_assert(std::derived_from<weft::channel_closed, std::runtime_error>);
}

FIBER_TEST(channel, closing_wakes_every_receiver_that_waits) {
  channel<int> ch;
  std::vector<weft::join_handle<std::optional<int>>> receivers;
  for (int i = 0; i < 10; ++i) receivers.push_back(weft::spawn([&] { return ch.recv(); }));
  await_parked(10, "channel receive");
  ch.close();
  for (auto& each : receivers) EXPECT_EQ(each.join(), std::nullopt);
}

FIBER_TEST(channel, closing_makes_every_sender_that_waits_throw) {
  channel<int> ch(1);
  ch.send(0);
  std::vector<weft::join_handle<void>> senders;
  for (int i = 0; i < 10; ++i) senders.push_back(weft::spawn([&] { ch.send(1); }));
  await_parked(10, "channel send");
  ch.close();
  for (auto& each : senders) EXPECT_THROW(each.join(), weft::channel_closed);
  EXPECT_EQ(ch.recv(), 0);
  EXPECT_EQ(ch.recv(), std::nullopt);
}

FIBER_TEST(channel, timed_operations_say_timeout_and_have_not_taken_effect) {
  channel<int> ch;
  int out = -1;
  EXPECT_EQ(ch.recv_for(out, 1us), channel_status::timeout);
  EXPECT_EQ(ch.recv_until(out, std::chrono::steady_clock::now()), channel_status::timeout);
  EXPECT_EQ(ch.recv_until(out, std::chrono::system_clock::now() + 1us), channel_status::timeout);
  EXPECT_EQ(ch.send_for(1, 1us), channel_status::timeout);
  EXPECT_EQ(ch.send_until(1, std::chrono::steady_clock::now() - 1s), channel_status::timeout);
  EXPECT_EQ(out, -1);
  EXPECT_EQ(ch.try_recv(out), channel_status::empty);
  std::optional<int> maybe = 5;
  EXPECT_EQ(ch.recv_for(maybe, -1s), channel_status::timeout);
  EXPECT_EQ(maybe, std::nullopt);
}

FIBER_TEST(channel, timed_operations_whose_limit_has_passed_still_do_what_can_be_done_at_once) {
  channel<int> ch(1);
  EXPECT_EQ(ch.send_for(1, -1s), channel_status::ok);
  int out = 0;
  EXPECT_EQ(ch.recv_until(out, std::chrono::steady_clock::now() - 1s), channel_status::ok);
  EXPECT_EQ(out, 1);
}

FIBER_TEST(channel, a_cancelled_receive_throws_and_leaves_the_channel_as_it_was) {
  channel<int> ch;
  auto receiver = weft::spawn([&] { ch.recv(); });
  await_parked(1, "channel receive");
  receiver.request_stop();
  EXPECT_THROW(receiver.join(), std::system_error);
  EXPECT_EQ(ch.try_send(1), channel_status::full);
}

FIBER_TEST(channel, a_cancelled_send_throws_and_leaves_the_channel_as_it_was) {
  channel<int> ch;
  auto sender = weft::spawn([&] { ch.send(1); });
  await_parked(1, "channel send");
  sender.request_stop();
  EXPECT_THROW(sender.join(), std::system_error);
  int out = 0;
  EXPECT_EQ(ch.try_recv(out), channel_status::empty);
}

FIBER_TEST(channel, the_try_forms_and_close_go_on_in_a_fiber_that_is_cancelled) {
  channel<int> ch(1), waits;
  int got = 0;
  auto fiber = weft::spawn([&] {
    try {
      waits.recv();
    } catch (const weft::cancelled&) {
      EXPECT_THROW(ch.send(1), weft::cancelled);
      EXPECT_EQ(ch.try_send(2), channel_status::ok);
      EXPECT_THROW((void)ch.recv(), weft::cancelled);
      EXPECT_EQ(ch.try_recv(got), channel_status::ok);
      ch.close();
      throw;
    }
  });
  await_parked(1, "channel receive");
  fiber.request_stop();
  EXPECT_THROW(fiber.join(), std::system_error);
  EXPECT_EQ(got, 2);
}

FIBER_TEST(channel, handles_compare_by_the_channel_that_they_name) {
  const channel<int> a, b;
  const channel<int> also_a = a;
  EXPECT_EQ(a, also_a);
  EXPECT_NE(a, b);
  EXPECT_NE(a, nullptr);
  EXPECT_EQ(channel<int>(nullptr), nullptr);
}

FIBER_TEST(channel, a_null_handle_throws_logic_error) {
  channel<int> moved_from;
  const channel<int> to = std::move(moved_from);
  for (const channel<int>& ch : {moved_from, channel<int>(nullptr)}) {
    int out = 0;
    EXPECT_EQ(ch, nullptr);
    EXPECT_THROW(ch.send(1), std::logic_error);
    EXPECT_THROW((void)ch.try_send(1), std::logic_error);
    EXPECT_THROW((void)ch.send_for(1, 1s), std::logic_error);
    EXPECT_THROW((void)ch.recv(), std::logic_error);
    EXPECT_THROW((void)ch.try_recv(out), std::logic_error);
    EXPECT_THROW((void)ch.recv_for(out, 1s), std::logic_error);
    EXPECT_THROW(ch.close(), std::logic_error);
    EXPECT_THROW((void)ch.size(), std::logic_error);
    EXPECT_THROW((void)ch.begin(), std::logic_error);
  }
}

FIBER_TEST(channel, zero_is_a_capacity_and_one_that_cannot_be_is_refused) {
  EXPECT_EQ(channel<int>(0).capacity(), 0u);
  EXPECT_THROW(channel<long>{std::numeric_limits<std::size_t>::max()}, std::length_error);
}

// A fiber whose channel operations are always ready lets others run all the same (budget of operations).
FIBER_TEST(channel, a_fiber_that_never_has_to_wait_yields_now_and_then) {
  channel<int> ch(1);
  channel<int> stop(1);
  weft::go([=] { stop.send(1); });
  for (int out = 0; stop.try_recv(out) != channel_status::ok;) {
    ch.send(1);
    ch.recv();
  }
}

}  // namespace
