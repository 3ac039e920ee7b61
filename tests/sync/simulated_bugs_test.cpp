// The classic bugs of users, each found by simulate_many within a stated number of seeds, and found again.

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>

#include <support/simulated.hpp>
#include <weft/runtime/deadlock.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/sync/channel.hpp>
#include <weft/sync/condition_variable.hpp>
#include <weft/sync/mutex.hpp>

namespace {

using weft::testing::expect_found;
using weft::testing::must;

// Each access is guarded, and the two together are not.
void lost_update() {
  weft::mutex m;
  int balance = 0;
  const auto deposit = [&] {
    int seen = 0;
    {
      const std::scoped_lock held(m);
      seen = balance;
    }
    const std::scoped_lock held(m);
    balance = seen + 1;
  };
  auto a = weft::spawn(deposit), b = weft::spawn(deposit);
  a.join();
  b.join();
  must(balance == 2, "a deposit was lost");
}

TEST(simulate_finds, a_lost_update_within_10_seeds) { expect_found(10, lost_update); }

// Two are woken, and there is something for one.
void wait_without_a_predicate() {
  weft::mutex m;
  weft::condition_variable cv;
  int items = 0;
  const auto take = [&] {
    std::unique_lock lock(m);
    if (items == 0) cv.wait(lock);
    must(items > 0, "woken, and nothing there");
    --items;
  };
  auto a = weft::spawn(take), b = weft::spawn(take);
  for (int i = 0; i < 2; ++i) {
    const std::scoped_lock held(m);
    ++items;
    cv.notify_all();
  }
  a.join();
  b.join();
}

TEST(simulate_finds, a_condition_wait_without_its_predicate_within_50_seeds) {
  expect_found(50, wait_without_a_predicate);
}

void ab_ba() {
  weft::mutex first, second;
  auto a = weft::spawn([&] {
    const std::scoped_lock outer(first);
    const std::scoped_lock inner(second);
  });
  auto b = weft::spawn([&] {
    const std::scoped_lock outer(second);
    const std::scoped_lock inner(first);
  });
  a.join();
  b.join();
}

TEST(simulate_finds, a_deadlock_of_two_locks_within_20_seeds) {
  expect_found(20, ab_ba);
  try {
    weft::simulate_many({.seed = 1}, 20, ab_ba);
    FAIL() << "not found";
  } catch (const weft::simulation_failed& e) {
    EXPECT_THROW(std::rethrow_if_nested(e), weft::deadlock);
  }
}

// The flag is set without the mutex, so between the look at it and the wait.
void lost_wake_up() {
  weft::mutex m;
  weft::condition_variable cv;
  std::atomic<bool> ready{false};
  auto waiter = weft::spawn([&] {
    std::unique_lock lock(m);
    while (!ready) cv.wait(lock);
  });
  ready = true;
  cv.notify_one();
  waiter.join();
}

TEST(simulate_finds, a_lost_wake_up_within_20_seeds) { expect_found(20, lost_wake_up); }

// What it hands over is written after it was handed over.
void written_too_late() {
  const weft::channel<std::atomic<int>*> ch(1);
  std::atomic<int> value{0};
  auto reader = weft::spawn([&] { must(**ch.recv() == 42, "read before it was written"); });
  ch.send(&value);
  value = 42;
  reader.join();
}

TEST(simulate_finds, a_write_after_the_hand_over_within_30_seeds) { expect_found(30, written_too_late); }

}  // namespace
