// What semaphore.hpp promises, and the races around it: every permit is accounted for.

#include <weft/sync/semaphore.hpp>

#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"
#include "last_access.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::await_parked;

constinit weft::counting_semaphore<> global_semaphore{2};
static_assert(weft::counting_semaphore<8>::max() == 8 && weft::binary_semaphore::max() == 1);

// How many permits lie there, by taking them.
template <std::ptrdiff_t Max>
int count_permits(weft::counting_semaphore<Max>& from) {
  int count = 0;
  while (from.try_acquire()) ++count;
  return count;
}

FIBER_TEST(semaphore, gives_as_many_permits_as_it_has) {
  global_semaphore.acquire();
  EXPECT_TRUE(global_semaphore.try_acquire());
  EXPECT_FALSE(global_semaphore.try_acquire());
  global_semaphore.release(2);
  EXPECT_TRUE(global_semaphore.try_acquire_for(0s));
  EXPECT_TRUE(global_semaphore.try_acquire_until(std::chrono::system_clock::now() - 1h)) << "what is there is taken";
  EXPECT_FALSE(global_semaphore.try_acquire_for(1us));
  global_semaphore.release();
  global_semaphore.release();
}

FIBER_TEST(semaphore, a_release_lets_one_waiter_go_for_each_permit_and_keeps_the_rest) {
  weft::counting_semaphore<10> slots(0);
  std::vector<weft::join_handle<void>> all;
  for (int i = 0; i < 3; ++i) all.push_back(weft::spawn([&] { slots.acquire(); }));
  await_parked(3, "semaphore");
  slots.release(2);
  await_parked(1, "semaphore");
  slots.release(5);
  for (auto& each : all) each.join();
  EXPECT_EQ(count_permits(slots), 4);
}

FIBER_TEST(semaphore, serves_waiters_in_the_order_of_arrival_and_nobody_ahead_of_them) {
  weft::binary_semaphore turn(0);
  std::vector<int> order;
  std::vector<weft::join_handle<void>> all;
  for (int i = 0; i < 8; ++i) {
    all.push_back(weft::spawn([&, i] {
      turn.acquire();
      order.push_back(i);
      turn.release();
    }));
    await_parked(static_cast<std::size_t>(i) + 1, "semaphore");
  }
  EXPECT_FALSE(turn.try_acquire());
  turn.release();
  for (auto& each : all) each.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

FIBER_TEST(semaphore, a_released_permit_is_handed_over_and_cannot_be_taken_on_the_way) {
  weft::binary_semaphore turn(0);
  auto waiter = weft::spawn([&] { turn.acquire(); });
  await_parked(1, "semaphore");
  turn.release();
  EXPECT_FALSE(turn.try_acquire()) << "it is the waiter's already";
  waiter.join();
  turn.release();
  EXPECT_TRUE(turn.try_acquire());
}

FIBER_TEST(semaphore, misuse_throws_and_changes_nothing) {
  EXPECT_THROW(weft::counting_semaphore<3>(4), std::invalid_argument);
  EXPECT_THROW(weft::counting_semaphore<3>(-1), std::invalid_argument);
  weft::counting_semaphore<3> slots(1);
  EXPECT_THROW(slots.release(3), std::logic_error);
  EXPECT_THROW(slots.release(-1), std::logic_error);
  slots.release(0);
  EXPECT_EQ(count_permits(slots), 1);
  EXPECT_THROW(slots.release(4), std::logic_error) << "also beside a waiter";
  auto waiter = weft::spawn([&] { slots.acquire(); });
  await_parked(1, "semaphore");
  EXPECT_THROW(slots.release(4), std::logic_error);
  slots.release(0);
  EXPECT_THROW(slots.release(std::numeric_limits<std::ptrdiff_t>::max()), std::logic_error);
  slots.release(3);
  waiter.join();
  EXPECT_EQ(count_permits(slots), 2);
}

FIBER_TEST(semaphore, an_acquire_is_a_cancellation_point_and_a_try_is_none) {
  weft::counting_semaphore<> slots(2);
  bool tried = false;
  auto entering = weft::spawn([&] {
    try {
      weft::this_fiber::sleep_for(1h);
    } catch (const weft::cancelled&) {
      tried = slots.try_acquire();
      slots.acquire();  // throws, though there is a permit
      throw;
    }
  });
  await_parked(1, "sleep");
  entering.request_stop();
  EXPECT_THROW(entering.join(), std::system_error);
  EXPECT_TRUE(tried);
  EXPECT_EQ(count_permits(slots), 1);
}

FIBER_TEST(semaphore, a_cancelled_waiter_leaves_and_the_others_stay) {
  weft::binary_semaphore turn(0);
  auto first = weft::spawn([&] { turn.acquire(); });
  await_parked(1, "semaphore");
  auto second = weft::spawn([&] { turn.acquire(); });
  await_parked(2, "semaphore");
  first.request_stop();
  EXPECT_THROW(first.join(), std::system_error);
  EXPECT_FALSE(turn.try_acquire());
  turn.release();
  second.join();
}

FIBER_TEST(semaphore, when_all_waiters_have_left_a_permit_stays) {
  weft::binary_semaphore turn(0);
  EXPECT_FALSE(turn.try_acquire_for(1us));
  turn.release();
  EXPECT_THROW(turn.release(), std::logic_error);
  EXPECT_EQ(count_permits(turn), 1);
}

// One permit for two waiters, of whom one is about to leave: if he has not got it, it is the other's. A lost one hangs
// the join.
template <class Acquire>
void expect_no_permit_lost(bool cancels, Acquire acquire) {
  for (int n = 0; n < 300; ++n) {
    weft::binary_semaphore turn(0);
    bool hasty_got = false;
    auto hasty = weft::spawn([&] { hasty_got = acquire(turn); });
    if (n % 2 == 0) weft::this_fiber::yield();
    auto patient = weft::spawn([&] { turn.acquire(); });
    if (n % 3 == 0) weft::this_fiber::yield();
    auto canceller = weft::spawn([&] {
      if (cancels) hasty.request_stop();
    });
    turn.release();
    canceller.join();
    try {
      hasty.join();
    } catch (const std::system_error&) {
    }
    if (hasty_got) turn.release();
    patient.join();
    EXPECT_EQ(count_permits(turn), 0);
  }
}

FIBER_TEST(semaphore, a_permit_is_never_lost_to_a_waiter_whose_time_runs_out) {
  expect_no_permit_lost(false, [](weft::binary_semaphore& turn) {
    return turn.try_acquire_for(std::chrono::nanoseconds(weft::detail::random_below(50'000)));
  });
}

FIBER_TEST(semaphore, a_permit_is_never_lost_to_a_waiter_who_is_cancelled) {
  expect_no_permit_lost(true, [](weft::binary_semaphore& turn) {
    turn.acquire();
    return true;
  });
}

// Its memory goes while the release is still returning (ASan's to see).
FIBER_TEST(semaphore, may_be_destroyed_by_whoever_acquired_as_soon_as_that_returns) {
  for (int n = 0; n < 500; ++n) {
    auto done = std::make_unique<weft::binary_semaphore>(0);
    weft::go([raw = done.get()] { raw->release(); });
    if (n % 2 == 0) weft::this_fiber::yield();  // sometimes the acquire parks, sometimes it finds the permit
    done->acquire();
  }
}

TEST(semaphore, may_be_destroyed_by_a_thread_as_soon_as_its_acquire_returns) {
  for (int n = 0; n < 500; ++n) {
    auto done = std::make_unique<weft::binary_semaphore>(0);
    std::thread releaser([raw = done.get()] { raw->release(); });
    done->acquire();
    done.reset();
    releaser.join();
  }
}

struct closed_gate : weft::counting_semaphore<> {
  closed_gate() : counting_semaphore(0) {}
};

TEST(semaphore, is_not_touched_by_the_release_once_the_acquire_has_returned) {
  weft::testing::expect_no_access_after_wait<closed_gate>(
      1000, [](closed_gate&) {}, [](closed_gate& gate) { gate.release(); }, [](closed_gate& gate) { gate.acquire(); });
}

// Two permits in one release, of which the second lies there before the release is through.
TEST(semaphore, is_not_touched_by_a_release_of_many_once_both_acquires_have_returned) {
  weft::testing::expect_no_access_after_wait<closed_gate>(
      1000, [](closed_gate&) {}, [](closed_gate& gate) { gate.release(2); },
      [](closed_gate& gate) {
        gate.acquire();
        gate.acquire();
      });
}

FIBER_TEST(semaphore, its_destructor_waits_for_waiters_who_were_cancelled) {
  for (int n = 0; n < 50; ++n) {
    auto turn = std::make_unique<weft::binary_semaphore>(0);
    auto waiter = weft::spawn([raw = turn.get()] { raw->acquire(); });
    await_parked(1, "semaphore");
    waiter.request_stop();
    turn.reset();
    EXPECT_THROW(waiter.join(), std::system_error);
  }
}

// Fibers and plain threads take and give permits in every way there is; some give up, some are cancelled. In the end
// all permits are there, and never were more of them out than there are.
class crowd {
 public:
  static constexpr int k_permits = 3;

  void use_once(unsigned way) {
    switch (way % 4) {
      case 0: slots_.acquire(); break;
      case 1:
        if (!slots_.try_acquire()) return;
        break;
      case 2:
        if (!slots_.try_acquire_for(std::chrono::nanoseconds(weft::detail::random_below(20'000)))) return;
        break;
      default:
        slots_.acquire();
        slots_.release();
        return;
    }
    if (out_.fetch_add(1) >= k_permits) too_many_ = true;
    ++uses_;
    if (way % 8 < 4) weft::this_fiber::yield();
    out_.fetch_sub(1);
    slots_.release();
  }
  void use(int times) {
    for (int i = 0; i < times; ++i) use_once(weft::detail::random_below(8));
  }
  void expect_all_there() {
    EXPECT_EQ(count_permits(slots_), k_permits);
    EXPECT_FALSE(too_many_);
    EXPECT_GT(uses_, 0);
  }

 private:
  weft::counting_semaphore<k_permits> slots_{k_permits};
  std::atomic<int> out_{0}, uses_{0};
  std::atomic<bool> too_many_{false};
};

FIBER_TEST(semaphore, accounts_for_every_permit_among_fibers_and_threads) {
  crowd all;
  std::vector<weft::join_handle<void>> users;
  for (int i = 0; i < 8; ++i) users.push_back(weft::spawn([&] { all.use(200); }));
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&] { all.use(200); });
  for (auto& each : users) each.join();
  for (auto& each : threads) each.join();
  all.expect_all_there();
}

// A fiber that is cancelled while it holds a permit gives it back as it unwinds.
FIBER_TEST(semaphore, accounts_for_every_permit_though_waiters_are_cancelled) {
  weft::counting_semaphore<> slots(2);
  for (int n = 0; n < 100; ++n) {
    std::vector<weft::join_handle<void>> all;
    for (int i = 0; i < 6; ++i)
      all.push_back(weft::spawn([&] {
        struct permit {
          weft::counting_semaphore<>& of;
          explicit permit(weft::counting_semaphore<>& from) : of(from) { of.acquire(); }
          ~permit() { of.release(); }
        } const held(slots);
        weft::this_fiber::yield();
      }));
    weft::this_fiber::yield();
    for (std::size_t i = weft::detail::random_below(2); i < all.size(); i += 2) all[i].request_stop();
    for (auto& each : all) {
      try {
        each.join();
      } catch (const std::system_error&) {
      }
    }
    ASSERT_EQ(count_permits(slots), 2);
    slots.release(2);
  }
}

TEST(semaphore, passes_turns_between_two_runtimes) {
  constexpr int k_turns = 500;
  weft::binary_semaphore ping(0), pong(0);
  weft::runtime one({.workers = 1}), other({.workers = 2});
  one.go([&] {
    for (int i = 0; i < k_turns; ++i) {
      ping.acquire();
      pong.release();
    }
  });
  other.run([&] {
    for (int i = 0; i < k_turns; ++i) {
      ping.release();
      pong.acquire();
    }
  });
}

}  // namespace
