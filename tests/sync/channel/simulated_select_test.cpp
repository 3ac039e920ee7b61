// Select and the wait group under thousands of orders, most workloads also on a copy that is broken in the way that
// they are there to find.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <support/noted.hpp>
#include <support/simulated.hpp>
#include <weft/runtime/clock.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/channel.hpp>
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

using int_channel = weft::channel<int>;

// --- Receiving from either.

std::optional<int> from_either(const int_channel& a, const int_channel& b) {
  std::optional<int> got;
  (void)weft::select(weft::recv(a, got), weft::recv(b, got));
  return got;
}

// Looks which has something, and takes it from there.
std::optional<int> from_where_something_is(const int_channel& a, const int_channel& b) {
  for (;;) {
    if (a.size() != 0) return a.recv();
    if (b.size() != 0) return b.recv();
    weft::this_fiber::sleep_for(1us);
  }
}

template <std::optional<int> (*Receive)(const int_channel&, const int_channel&)>
void two_receive_from_either(std::size_t capacity) {
  const int_channel a(capacity), b(capacity);
  noted<std::set<int>> came;
  fibers all;
  for (int i = 0; i < 2; ++i)
    all.push_back(weft::spawn([&] {
      for (int n = 0; n < 3; ++n) {
        const int value = *Receive(a, b);
        must(came.with([value](std::set<int>& so_far) { return so_far.insert(value).second; }), "a value came twice");
      }
    }));
  const auto send = [](const int_channel& to, int first) {
    return weft::spawn([&to, first] {
      for (int i = first; i < first + 3; ++i) to.send(i);
    });
  };
  all.push_back(send(a, 0));
  all.push_back(send(b, 10));
  join_all(all);
  must(came.get() == std::set<int>{0, 1, 2, 10, 11, 12}, "something was lost");
}

class simulated_select : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(capacity, simulated_select, ::testing::Values(0, 1, 3), ::testing::PrintToStringParamName());

TEST_P(simulated_select, receives_everything_once) {
  expect_holds([] { two_receive_from_either<from_either>(GetParam()); });
}
TEST(simulated_select_test, receives_everything_and_the_test_would_see_it) {
  expect_found(50, [] { two_receive_from_either<from_where_something_is>(1); });
}

// --- Selects that meet each other, in both directions over two channels, and a channel that stands twice in one.

void selects_meet_selects(std::size_t capacity) {
  const int_channel a(capacity), b(capacity);
  std::atomic<int> sent{0};
  std::atomic<int> received{0};
  const auto exchange = [&](const int_channel& out, const int_channel& in) {
    return weft::spawn([&, out, in] {
      std::optional<int> mine;
      for (int i = 0; i < 3; ++i) {
        const std::size_t ran = weft::select(weft::send(out, i), weft::recv(in, mine), weft::recv(in, mine));
        ++(ran == 0 ? sent : received);
      }
    });
  };
  fibers all;
  for (int i = 0; i < 2; ++i) {
    all.push_back(exchange(a, b));
    all.push_back(exchange(b, a));
  }
  auto drain = weft::spawn([&] {
    for (;;) {
      (void)from_either(a, b);
      ++received;
    }
  });
  auto feed = weft::spawn([&] {
    for (;;) {
      (void)weft::select(weft::send(a, 0), weft::send(b, 0));
      ++sent;
      weft::this_fiber::sleep_for(1us);
    }
  });
  join_all(all);
  feed.request_stop();
  weft::this_fiber::sleep_for(1us);
  drain.request_stop();
  weft::this_fiber::sleep_for(1us);
  must(sent == received + static_cast<int>(a.size() + b.size()), "something was lost, or came from nowhere");
}

TEST_P(simulated_select, meets_other_selects) {
  expect_holds([] { selects_meet_selects(GetParam()); });
}

// --- A limit, and a cancellation, at the moment of a hand-over.

std::size_t receive_or_give_up(const int_channel& a, const int_channel& b, std::optional<int>& got) {
  return weft::select(weft::recv(a, got), weft::recv(b, got), weft::after(1ms));
}

// Takes what comes first, and looks only then whether it was in time.
std::size_t receive_and_look_at_the_time(const int_channel& a, const int_channel& b, std::optional<int>& got) {
  const auto limit = weft::clock::now() + 1ms;
  const std::size_t ran = weft::select(weft::recv(a, got), weft::recv(b, got), weft::after(2ms));
  return weft::clock::now() >= limit ? 2 : ran;
}

template <std::size_t (*Receive)(const int_channel&, const int_channel&, std::optional<int>&)>
void a_limit_and_a_hand_over(std::size_t capacity) {
  const int_channel a(capacity), b(capacity);
  std::atomic<int> sent{0};
  std::atomic<int> received{0};
  fibers all;
  for (int i = 0; i < 2; ++i)
    all.push_back(weft::spawn([&] {
      std::optional<int> got;
      if (Receive(a, b, got) != 2) ++received;
    }));
  for (const int_channel* to : {&a, &b})
    all.push_back(weft::spawn([&sent, to] {
      weft::this_fiber::sleep_for(1ms);
      if (weft::select(weft::send(*to, 1), weft::after(1ms)) == 0) ++sent;
    }));
  join_all(all);
  must(sent == received + static_cast<int>(a.size() + b.size()), "something was lost, or came from nowhere");
}

TEST_P(simulated_select, a_limit_loses_nothing) {
  expect_holds([] { a_limit_and_a_hand_over<receive_or_give_up>(GetParam()); });
}
TEST(simulated_select_test, a_limit_loses_nothing_and_the_test_would_see_it) {
  expect_found(20, [] { a_limit_and_a_hand_over<receive_and_look_at_the_time>(0); });
}

void a_cancellation_and_a_hand_over(std::size_t capacity) {
  const int_channel a(capacity), b(capacity);
  std::atomic<int> sent{0};
  std::atomic<int> received{0};
  auto receiver = weft::spawn([&] {
    for (;;)
      if (from_either(a, b)) ++received;
  });
  auto sender = weft::spawn([&] {
    for (int i = 0; i < 3; ++i)
      if (weft::select(weft::send(a, i), weft::send(b, i), weft::after(1ms)) != 2) ++sent;
  });
  weft::this_fiber::yield();
  receiver.request_stop();
  sender.join();
  weft::this_fiber::sleep_for(1us);
  must(sent == received + static_cast<int>(a.size() + b.size()), "something was lost, or came from nowhere");
}

TEST_P(simulated_select, a_cancellation_loses_nothing) {
  expect_holds([] { a_cancellation_and_a_hand_over(GetParam()); });
}

// --- Otherwise: only if nothing was ready at one moment. A token is always in one of two channels.

std::size_t look_into_both(const int_channel& a, const int_channel& b) {
  std::optional<int> got;
  return weft::select(weft::recv(a, got), weft::recv(b, got), weft::otherwise());
}
std::size_t look_into_one_then_the_other(const int_channel& a, const int_channel& b) {
  int got = 0;
  if (a.try_recv(got) == weft::channel_status::ok) return 0;
  return b.try_recv(got) == weft::channel_status::ok ? 1 : 2;
}

template <std::size_t (*Look)(const int_channel&, const int_channel&)>
void otherwise_means_nothing_was_ready() {
  const int_channel a(2), b(2);
  a.send(1);
  auto mover = weft::spawn([&] {
    for (int i = 0; i < 3; ++i) {
      const int_channel &from = i % 2 == 0 ? a : b, &to = i % 2 == 0 ? b : a;
      to.send(1);
      (void)from.recv();
    }
  });
  must(Look(a, b) != 2, "one of two channels had something all the time");
  a.send(1);  // what was taken, so that the mover does not wait
  b.send(1);
  mover.join();
}

TEST(simulated_select_test, otherwise_means_that_nothing_was_ready) {
  expect_holds(otherwise_means_nothing_was_ready<look_into_both>);
}
TEST(simulated_select_test, otherwise_and_the_test_would_see_it) {
  expect_found(200, otherwise_means_nothing_was_ready<look_into_one_then_the_other>);
}

// --- Wait groups.

class wait_group_in_two_steps {
 public:
  void add(int n) { set(get() + n); }
  void done() { set(get() - 1); }
  void wait() {
    while (get() != 0) weft::this_fiber::sleep_for(1us);
  }

 private:
  int get() {
    const std::scoped_lock held(m_);
    return count_;
  }
  void set(int to) {
    const std::scoped_lock held(m_);
    count_ = to;
  }
  weft::mutex m_;
  int count_ = 0;
};

// Two wait, and one of them destroys the group at once; then all again.
template <class Group>
void waits_for_all() {
  for (int round = 0; round < 2; ++round) {
    auto group = std::make_unique<Group>();
    std::atomic<int> done{0};
    group->add(3);
    for (int i = 0; i < 3; ++i)
      weft::go([&done, counted = group.get()] {
        ++done;
        counted->done();
      });
    group->wait();
    must(done == 3, "a wait ended before all were done");
    group.reset();
  }
}

void all_waiters_are_let_go() {
  weft::wait_group group;
  fibers all;
  std::atomic<int> done{0};
  group.add(2);
  for (int i = 0; i < 3; ++i)
    all.push_back(weft::spawn([&] {
      group.wait();
      must(done == 2, "a wait ended before all were done");
    }));
  all[2].request_stop();
  for (int i = 0; i < 2; ++i)
    weft::go([&] {
      ++done;
      group.done();
    });
  all[0].join();
  all[1].join();
  all.clear();
}

TEST(simulated_wait_group, waits_for_all_and_may_go_at_once) { expect_holds(waits_for_all<weft::wait_group>); }
TEST(simulated_wait_group, waits_for_all_and_the_test_would_see_it) {
  expect_found(20, waits_for_all<wait_group_in_two_steps>);
}
TEST(simulated_wait_group, lets_all_waiters_go) { expect_holds(all_waiters_are_let_go); }

}  // namespace
