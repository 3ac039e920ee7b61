// What waits for another: condition variables, semaphores, std::atomic and what is made of it, guards of static locals,
// std::call_once, by fibers that know nothing of it.

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>
#include <pthread.h>
#include <semaphore.h>

#include "side_by_side.hpp"

namespace {

using weft::testing::last_error;
using weft::testing::side_by_side;
using namespace std::chrono_literals;

TEST(waits, fibers_and_threads_wait_on_one_condition_and_each_signal_wakes_one) {
  std::mutex mutex;
  std::condition_variable changed;
  int tokens = 0, taken = 0;
  const auto take = [&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return tokens > 0; });
    --tokens;
    ++taken;
  };
  std::thread threads[4];
  for (auto& each : threads) each = std::thread(take);
  side_by_side(2, 80, [&](int i) {
    if (i < 36) return take();
    if (i >= 76) return;
    {
      const std::scoped_lock held(mutex);
      ++tokens;
    }
    changed.notify_one();
  });
  for (auto& each : threads) each.join();
  EXPECT_EQ(taken, 40);
  EXPECT_EQ(tokens, 0);
}

TEST(waits, a_broadcast_wakes_fibers_and_threads) {
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  bool open = false;
  const auto pass = [&] {
    std::unique_lock lock(mutex);
    ++waiting;
    changed.wait(lock, [&] { return open; });
  };
  std::thread beside(pass);
  side_by_side(2, 21, [&](int i) {
    if (i < 20) return pass();
    for (;; weft::this_fiber::yield()) {
      const std::scoped_lock held(mutex);
      if (waiting == 21) break;
    }
    const std::scoped_lock held(mutex);
    open = true;
    changed.notify_all();
  });
  beside.join();
}

TEST(waits, a_timed_wait_ends_at_its_limit_on_either_clock) {
  std::mutex mutex;
  std::condition_variable never;
  side_by_side(1, 4, [&](int) {
    std::unique_lock lock(mutex);
    EXPECT_EQ(never.wait_for(lock, 1ms), std::cv_status::timeout);
    EXPECT_EQ(never.wait_until(lock, std::chrono::system_clock::now() + 1ms), std::cv_status::timeout);
    EXPECT_TRUE(lock.owns_lock());
  });
}

TEST(waits, a_thread_that_waits_can_be_cancelled_and_has_the_mutex_then) {
  struct shared {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    bool waits = false, unlocked = false;
  } all;
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void* argument) -> void* {
        auto& mine = *static_cast<shared*>(argument);
        struct unlocks {
          shared& of;
          ~unlocks() { of.unlocked = pthread_mutex_unlock(&of.mutex) == 0; }
        };
        pthread_mutex_lock(&mine.mutex);
        const unlocks at_end{mine};
        mine.waits = true;
        for (;;) pthread_cond_wait(&mine.never, &mine.mutex);
      },
      &all);
  for (bool waits = false; !waits; std::this_thread::yield()) {
    pthread_mutex_lock(&all.mutex);
    waits = all.waits;
    pthread_mutex_unlock(&all.mutex);
  }
  pthread_cancel(thread);
  void* result = nullptr;
  pthread_join(thread, &result);
  EXPECT_EQ(result, PTHREAD_CANCELED);
  EXPECT_TRUE(all.unlocked);
}

TEST(waits, a_fiber_that_is_asked_to_end_is_woken_and_finds_its_condition_false) {
  std::mutex mutex;
  std::condition_variable never;
  bool stop = false;
  std::atomic<bool> has_begun{false};
  weft::run(weft::options{.workers = 2}, [&] {
    weft::join_handle<void> waits = weft::spawn([&] {
      std::unique_lock lock(mutex);
      has_begun = true;
      while (!stop) {
        never.wait(lock);
        stop = weft::this_fiber::stop_token().stop_requested();
      }
    });
    weft::testing::yield_until([&] { return has_begun.load(); });
    waits.request_stop();
  });
  EXPECT_TRUE(stop);
}

// One that begins to wait for it, and is asked to end.
void expect_cancelled(sem_t& never_posted) {
  std::atomic<bool> has_begun{false};
  weft::join_handle<int> waits = weft::spawn([&] {
    has_begun = true;
    return sem_wait(&never_posted) == 0 ? 0 : last_error();
  });
  weft::testing::yield_until([&] { return has_begun.load(); });
  waits.request_stop();
  EXPECT_EQ(waits.join(), ECANCELED);
}

TEST(waits, semaphores_are_passed_round) {
  sem_t full, empty;
  sem_init(&full, 0, 0);
  sem_init(&empty, 0, 1);
  int passed = 0;
  side_by_side(2, 40, [&](int i) {
    if (i % 2 == 0) {
      EXPECT_EQ(sem_wait(&empty), 0);
      EXPECT_EQ(sem_post(&full), 0);
    } else {
      EXPECT_EQ(sem_wait(&full), 0);
      ++passed;
      EXPECT_EQ(sem_post(&empty), 0);
    }
  });
  EXPECT_EQ(passed, 20);
  weft::run(weft::options{.workers = 1}, [&] {
    const timespec past{1, 0};
    EXPECT_EQ(sem_timedwait(&full, &past), -1);
    EXPECT_EQ(last_error(), ETIMEDOUT);
    expect_cancelled(full);
  });
  sem_destroy(&full);
  sem_destroy(&empty);
}

TEST(waits, a_semaphore_that_processes_share_is_waited_for_and_given_up) {
  sem_t semaphore;
  sem_init(&semaphore, 1, 0);
  weft::run(weft::options{.workers = 1}, [&] {
    weft::join_handle<int> waits = weft::spawn([&] { return sem_wait(&semaphore) == 0 ? 0 : last_error(); });
    weft::this_fiber::yield();
    std::thread([&] { sem_post(&semaphore); }).join();
    EXPECT_EQ(waits.join(), 0);
    timespec soon{};
    clock_gettime(CLOCK_MONOTONIC, &soon);
    EXPECT_EQ(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &soon), -1);
    EXPECT_EQ(last_error(), ETIMEDOUT);
    expect_cancelled(semaphore);
  });
  sem_destroy(&semaphore);
}

TEST(waits, an_atomic_and_a_latch_park) {
  std::atomic<int> turn{0};
  std::latch all{30};
  side_by_side(1, 30, [&](int i) {
    for (int seen = turn.load(); seen != 29 - i; seen = turn.load()) turn.wait(seen);
    ++turn;
    turn.notify_all();
    all.arrive_and_wait();
  });
  EXPECT_EQ(turn, 30);
}

int slow_value() {
  static const int value = [] {
    weft::this_fiber::sleep_for(1ms);
    return 7;
  }();
  return value;
}

TEST(waits, others_wait_for_a_static_local_whose_initialiser_parks) {
  side_by_side(1, 10, [](int) { EXPECT_EQ(slow_value(), 7); });
}

TEST(waits, call_once_calls_once) {
  std::once_flag flag;
  std::mutex mutex;
  int calls = 0;
  side_by_side(2, 50, [&](int) {
    std::call_once(flag, [&] {
      const std::scoped_lock held(mutex);
      ++calls;
    });
    EXPECT_EQ(calls, 1);
  });
}

}  // namespace
