// Locks of std and of pthreads, used by fibers that know nothing of it: each is held over a park, by more fibers than
// there are workers, so that a lock which blocked its thread would end in a deadlock.

#include <cerrno>
#include <mutex>
#include <shared_mutex>

#include <gtest/gtest.h>
#include <pthread.h>
#include <threads.h>
#include <unistd.h>

#include "side_by_side.hpp"

namespace {

using weft::testing::last_error;
using weft::testing::set_error;
using weft::testing::side_by_side;
using namespace std::chrono_literals;

TEST(locks, two_hundred_fibers_hold_a_std_mutex_over_a_park) {
  std::mutex mutex;
  int inside = 0, count = 0;
  side_by_side(2, 200, [&](int) {
    const std::scoped_lock held(mutex);
    EXPECT_EQ(++inside, 1);
    weft::this_fiber::sleep_for(10us);
    --inside;
    ++count;
  });
  EXPECT_EQ(count, 200);
}

TEST(locks, a_holder_comes_back_on_its_thread_with_its_errno) {
  std::mutex mutex;
  side_by_side(4, 40, [&](int i) {
    const std::scoped_lock held(mutex);
    const pid_t thread = ::gettid();
    set_error(1000 + i);
    weft::this_fiber::sleep_for(10us);
    EXPECT_EQ(::gettid(), thread);
  });
}

TEST(locks, who_waited_for_one_is_on_its_thread) {
  std::mutex mutex;
  side_by_side(4, 100, [&](int i) {
    const pid_t thread = ::gettid();
    set_error(1000 + i);
    mutex.lock();
    EXPECT_EQ(::gettid(), thread);
    EXPECT_EQ(last_error(), 1000 + i);
    weft::this_fiber::yield();
    mutex.unlock();
  });
}

// On one worker both fibers have the thread that libc takes for the owner.
TEST(locks, a_recursive_one_is_its_fibers_and_not_its_threads) {
  std::recursive_mutex mutex;
  int depth = 0;
  side_by_side(1, 8, [&](int) {
    const std::scoped_lock outer(mutex);
    EXPECT_EQ(++depth, 1);
    weft::this_fiber::yield();
    {
      const std::scoped_lock inner(mutex);
      EXPECT_EQ(depth, 1);
      weft::this_fiber::sleep_for(10us);
    }
    --depth;
  });
}

TEST(locks, an_error_checking_one_names_its_fibers_mistakes_alone) {
  pthread_mutexattr_t kind;
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_t mutex;
  pthread_mutex_init(&mutex, &kind);
  weft::run(weft::options{.workers = 1}, [&] {
    EXPECT_EQ(pthread_mutex_lock(&mutex), 0);
    EXPECT_EQ(pthread_mutex_lock(&mutex), EDEADLK);
    weft::spawn([&] {
      EXPECT_EQ(pthread_mutex_trylock(&mutex), EBUSY);
      EXPECT_EQ(pthread_mutex_unlock(&mutex), EPERM);
    }).join();
    EXPECT_EQ(pthread_mutex_unlock(&mutex), 0);
#if !defined(__SANITIZE_THREAD__)  // which tells of the mistake, too
    EXPECT_EQ(pthread_mutex_unlock(&mutex), EPERM);
#endif
  });
  EXPECT_EQ(pthread_mutex_destroy(&mutex), 0);
}

TEST(locks, a_timed_one_gives_up_and_refuses_what_is_no_time) {
  std::timed_mutex mutex;
  pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
  weft::run(weft::options{.workers = 1}, [&] {
    mutex.lock();
    pthread_mutex_lock(&plain);
    weft::spawn([&] {
      EXPECT_FALSE(mutex.try_lock_for(1ms));
      EXPECT_FALSE(mutex.try_lock_until(std::chrono::system_clock::now() + 1ms));
      const timespec none{0, -1};
      EXPECT_EQ(pthread_mutex_timedlock(&plain, &none), EINVAL);
    }).join();
    weft::join_handle<void> waits = weft::spawn([&] { EXPECT_TRUE(mutex.try_lock_for(10min)), mutex.unlock(); });
    weft::this_fiber::yield();
    mutex.unlock();
    waits.join();
    pthread_mutex_unlock(&plain);
  });
}

TEST(locks, fibers_and_threads_share_one) {
  std::mutex mutex;
  int count = 0;
  const auto work = [&](int) {
    for (int i = 0; i < 200; ++i) {
      const std::scoped_lock held(mutex);
      ++count;
      if (weft::detail::on_fiber() && i % 16 == 0) weft::this_fiber::yield();
    }
  };
  std::thread beside([&] { work(0), work(1); });
  side_by_side(2, 20, work);
  beside.join();
  EXPECT_EQ(count, 22 * 200);
}

TEST(locks, readers_share_and_writers_do_not) {
  std::shared_mutex mutex;
  int readers = 0, most = 0;
  bool writes = false;
  std::mutex counts;
  side_by_side(2, 60, [&](int i) {
    if (i % 6 == 0) {
      const std::scoped_lock held(mutex);
      EXPECT_FALSE(std::exchange(writes, true));
      weft::this_fiber::sleep_for(10us);
      writes = false;
    } else {
      const std::shared_lock held(mutex);
      EXPECT_FALSE(writes);
      counts.lock();
      most = std::max(most, ++readers);
      counts.unlock();
      weft::this_fiber::sleep_for(10us);
      counts.lock();
      --readers;
      counts.unlock();
    }
  });
  EXPECT_GT(most, 1);
}

TEST(locks, a_shared_one_with_a_time_limit_gives_up) {
  pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  weft::run(weft::options{.workers = 1}, [&] {
    EXPECT_EQ(pthread_rwlock_wrlock(&lock), 0);
    weft::spawn([&] {
      const timespec past{1, 0};
      EXPECT_EQ(pthread_rwlock_timedrdlock(&lock, &past), ETIMEDOUT);
      EXPECT_EQ(pthread_rwlock_timedwrlock(&lock, &past), ETIMEDOUT);
      EXPECT_EQ(pthread_rwlock_tryrdlock(&lock), EBUSY);
    }).join();
    EXPECT_EQ(pthread_rwlock_unlock(&lock), 0);
  });
}

TEST(locks, c11s_names_are_the_same) {
  mtx_t mutex;
  cnd_t changed;
  ASSERT_EQ(mtx_init(&mutex, mtx_plain), thrd_success);
  ASSERT_EQ(cnd_init(&changed), thrd_success);
  int turn = 0;
  side_by_side(2, 40, [&](int i) {
    mtx_lock(&mutex);
    while (turn != i) cnd_wait(&changed, &mutex);
    ++turn;
    weft::this_fiber::yield();
    cnd_broadcast(&changed);
    mtx_unlock(&mutex);
  });
  EXPECT_EQ(turn, 40);
  cnd_destroy(&changed);
  mtx_destroy(&mutex);
}

}  // namespace
