// Channels under thousands of orders, most workloads also on a copy that is broken in the way that they are there to
// find.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <support/noted.hpp>
#include <support/simulated.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/channel.hpp>
#include <weft/sync/condition_variable.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/select.hpp>
#include <weft/sync/wait_group.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::fibers;
using weft::testing::join_all;
using weft::testing::must;
using weft::testing::noted;

// What was sent, and what came out: each once.
class ledger {
 public:
  void came(int value) {
    const bool is_new = came_.with([value](std::set<int>& so_far) { return so_far.insert(value).second; });
    must(is_new, std::to_string(value) + " came twice");
  }
  void must_be(const std::set<int>& sent) const { must(came_.get() == sent, "something was lost"); }

 private:
  noted<std::set<int>> came_;
};

// --- Everything arrives, in the order of each sender, and the end comes after it.

// Looks once whether there is something, and believes it when it is woken.
class channel_that_looks_once {
 public:
  explicit channel_that_looks_once(std::size_t) {}
  void send(int value) {
    const std::scoped_lock held(m_);
    values_.push_back(value);
    not_empty_.notify_one();
  }
  std::optional<int> recv() {
    std::unique_lock held(m_);
    if (values_.empty() && !closed_) not_empty_.wait(held);
    if (values_.empty()) return must(closed_, "nothing came, and there is no end"), std::nullopt;
    const int value = values_.front();
    values_.pop_front();
    return value;
  }
  void close() {
    const std::scoped_lock held(m_);
    closed_ = true;
    not_empty_.notify_all();
  }

 private:
  weft::mutex m_;
  weft::condition_variable not_empty_;
  std::deque<int> values_;
  bool closed_ = false;
};

template <class Channel>
void two_send_and_two_receive(std::size_t capacity) {
  Channel ch(capacity);
  ledger all_came;
  const auto receive = [&] {
    int last[2] = {-1, -1};  // of each sender
    while (const std::optional<int> value = ch.recv()) {
      all_came.came(*value);
      int& before = last[*value / 10];
      must(*value > before, "two values of one sender have passed each other");
      before = *value;
    }
  };
  fibers senders, receivers;
  for (int i = 0; i < 2; ++i) receivers.push_back(weft::spawn(receive));
  for (int i = 0; i < 2; ++i)
    senders.push_back(weft::spawn([&ch, i] {
      for (int value = 10 * i; value < 10 * i + 4; ++value) ch.send(value);
    }));
  join_all(senders);
  ch.close();
  join_all(receivers);
  all_came.must_be({0, 1, 2, 3, 10, 11, 12, 13});
}

class simulated_channel : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(capacity, simulated_channel, ::testing::Values(0, 1, 3), ::testing::PrintToStringParamName());

TEST_P(simulated_channel, everything_arrives_once_and_in_order) {
  expect_holds([] { two_send_and_two_receive<weft::channel<int>>(GetParam()); });
}
TEST(simulated_channel_test, everything_arrives_and_the_test_would_see_it) {
  expect_found(50, [] { two_send_and_two_receive<channel_that_looks_once>(1); });
}

// --- Waiting senders and receivers are served in the order in which they came.

void waiters_are_served_in_order(std::size_t capacity) {
  const weft::channel<int> ch(capacity);
  fibers all;
  for (int i = 0; i < 3; ++i) {
    all.push_back(weft::spawn([&, i] { must(*ch.recv() == i, "a receiver was passed"); }));
    weft::this_fiber::sleep_for(1us);  // time moves once it waits
  }
  for (int i = 0; i < 3; ++i) ch.send(i);
  join_all(all);
  must(ch.size() == 0, "something is left");
}

TEST_P(simulated_channel, serves_who_came_first) {
  expect_holds([] { waiters_are_served_in_order(GetParam()); });
}

// --- A limit and a hand-over at the same moment.

// Receives in a fiber of its own, and stops waiting for that one.
weft::channel_status receive_through_another(const weft::channel<int>& ch, int& out) {
  const weft::channel<int> got(1);
  weft::go([ch, got] {
    if (const auto value = ch.recv()) got.send(*value);
  });
  return got.recv_for(out, 1ms);
}
weft::channel_status receive_for(const weft::channel<int>& ch, int& out) { return ch.recv_for(out, 1ms); }

template <weft::channel_status (*Receive)(const weft::channel<int>&, int&)>
void a_limit_and_a_hand_over(std::size_t capacity) {
  const weft::channel<int> ch(capacity);
  std::atomic<int> received{0};
  std::atomic<int> sent{0};
  fibers all;
  for (int i = 0; i < 2; ++i) {
    all.push_back(weft::spawn([&] {
      int value = 0;
      if (Receive(ch, value) == weft::channel_status::ok) ++received;
    }));
    all.push_back(weft::spawn([&] {
      weft::this_fiber::sleep_for(1ms);  // until the very moment
      if (ch.send_for(1, 1ms) == weft::channel_status::ok) ++sent;
    }));
  }
  join_all(all);
  weft::this_fiber::sleep_for(1s);
  for (int value = 0; ch.try_recv(value) == weft::channel_status::ok;) ++received;
  must(sent == received, std::to_string(sent) + " were sent, " + std::to_string(received) + " received");
}

TEST_P(simulated_channel, a_limit_loses_nothing) {
  expect_holds([] { a_limit_and_a_hand_over<receive_for>(GetParam()); });
}
TEST(simulated_channel_test, a_limit_loses_nothing_and_the_test_would_see_it) {
  expect_found(20, [] { a_limit_and_a_hand_over<receive_through_another>(0); });
}

// --- A cancellation and a hand-over at the same moment.

std::optional<int> receive_plainly(const weft::channel<int>& ch) { return ch.recv(); }
std::optional<int> receive_and_rest(const weft::channel<int>& ch) {
  const std::optional<int> value = ch.recv();
  weft::this_fiber::yield();
  return value;
}

template <std::optional<int> (*Receive)(const weft::channel<int>&)>
void a_cancellation_and_a_hand_over(std::size_t capacity) {
  const weft::channel<int> ch(capacity);
  std::atomic<int> received{0};
  auto receiver = weft::spawn([&] {
    while (Receive(ch)) ++received;
  });
  auto sender = weft::spawn([&] {
    for (int i = 0; i < 3; ++i) ch.send(i);
  });
  weft::this_fiber::yield();
  receiver.request_stop();
  weft::this_fiber::sleep_for(1us);
  while (received < 3) {
    if (!receive_plainly(ch)) break;
    ++received;
  }
  sender.join();
  must(ch.size() == 0, "more was received than sent");
}

TEST_P(simulated_channel, a_cancellation_loses_nothing) {
  expect_holds([] { a_cancellation_and_a_hand_over<receive_plainly>(GetParam()); });
}
TEST(simulated_channel_test, a_cancellation_loses_nothing_and_the_test_would_see_it) {
  expect_found(50, [] { a_cancellation_and_a_hand_over<receive_and_rest>(0); });
}

// --- Trying, closing and sending at once.

void trying_beside_a_close(std::size_t capacity) {
  const weft::channel<int> ch(capacity);
  std::atomic<int> sent{0};
  std::atomic<int> received{0};
  fibers all;
  all.push_back(weft::spawn([&] {
    for (int i = 0; i < 4; ++i)
      if (ch.try_send(i) == weft::channel_status::ok) ++sent;
  }));
  all.push_back(weft::spawn([&] {
    try {
      for (int i = 0; i < 4; ++i) ch.send(i), ++sent;
    } catch (const weft::channel_closed&) {
    }
  }));
  all.push_back(weft::spawn([&] {
    int value = 0;
    for (int i = 0; i < 2; ++i)
      if (ch.try_recv(value) == weft::channel_status::ok) ++received;
    while (ch.recv()) ++received;
  }));
  weft::this_fiber::yield();
  ch.close();
  join_all(all);
  must(sent == received, std::to_string(sent) + " were sent, " + std::to_string(received) + " received");
  int value = 0;
  must(ch.try_recv(value) == weft::channel_status::closed, "a closed channel does not say so");
}

TEST_P(simulated_channel, a_close_loses_nothing) {
  expect_holds([] { trying_beside_a_close(GetParam()); });
}

}  // namespace
