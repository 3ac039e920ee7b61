// What belongs to threads: barriers, joins, values of keys. By fibers that know nothing of it, beside threads.

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <threads.h>
#include <unistd.h>

#include "side_by_side.hpp"

namespace {

using weft::testing::side_by_side;
using namespace std::chrono_literals;

TEST(threads, a_barrier_lets_fibers_and_threads_go_in_rounds_and_may_go_with_the_last) {
  constexpr int k_all = 12, k_rounds = 30;
  pthread_barrier_t barrier;
  ASSERT_EQ(pthread_barrier_init(&barrier, nullptr, k_all), 0);
  std::atomic<int> come{0}, serial{0}, gone{0};
  const auto take_part = [&] {
    for (int round = 1; round <= k_rounds; ++round) {
      ++come;
      const int which = pthread_barrier_wait(&barrier);
      EXPECT_GE(come, round * k_all);
      if (which == PTHREAD_BARRIER_SERIAL_THREAD)
        ++serial;
      else
        EXPECT_EQ(which, 0);
    }
    ++gone;
  };
  std::thread beside[2] = {std::thread(take_part), std::thread(take_part)};
  side_by_side(1, k_all - 2, [&](int) { take_part(); });
  for (auto& each : beside) each.join();
  EXPECT_EQ(serial, k_rounds);
  EXPECT_EQ(pthread_barrier_destroy(&barrier), 0);

  // By whoever comes out first, while others are still on their way.
  side_by_side(2, 40, [](int) {
    struct two {
      pthread_barrier_t barrier;
      std::atomic<int> left{2};
      two() { pthread_barrier_init(&barrier, nullptr, 2); }
    };
    auto* const both = new two;
    const auto half = [both] {
      if (pthread_barrier_wait(&both->barrier) != PTHREAD_BARRIER_SERIAL_THREAD) return;
      EXPECT_EQ(pthread_barrier_destroy(&both->barrier), 0);
      delete both;
    };
    weft::join_handle<void> other = weft::spawn(half);
    half();
    other.join();
  });
}

// The one worker goes on with others; errno and thread are as they were.
TEST(threads, who_joins_a_thread_is_not_in_the_way_of_who_lets_it_end) {
  std::atomic<int> release{0};
  side_by_side(1, 9, [&](int i) {
    if (i == 8) {
      release = 1;
      release.notify_all();
      return;
    }
    const pid_t before = ::gettid();
    errno = 1000 + i;
    if (i % 2 == 0) {
      std::thread waits([&] { release.wait(0); });
      waits.join();
    } else {
      thrd_t waits;
      ASSERT_EQ(thrd_create(
                    &waits,
                    [](void* word) {
                      static_cast<std::atomic<int>*>(word)->wait(0);
                      return 7;
                    },
                    &release),
                thrd_success);
      int result = 0;
      EXPECT_EQ(thrd_join(waits, &result), thrd_success);
      EXPECT_EQ(result, 7);
    }
    EXPECT_EQ(::gettid(), before);
  });
}

TEST(threads, a_join_with_a_time_limit_gives_up_and_one_of_itself_is_refused) {
  weft::run(weft::options{.workers = 1}, [] {
    std::atomic<int> release{0};
    std::thread waits([&] { release.wait(0); });
    const timespec past{1, 0};
    void* result = nullptr;
    EXPECT_EQ(pthread_timedjoin_np(waits.native_handle(), &result, &past), ETIMEDOUT);
    EXPECT_EQ(pthread_clockjoin_np(waits.native_handle(), &result, CLOCK_MONOTONIC, &past), ETIMEDOUT);
    EXPECT_EQ(pthread_join(pthread_self(), &result), EDEADLK);
    release = 1;
    release.notify_all();
    waits.join();
  });
}

// As a library whose keys are of fibers: this program's name is in the list while it creates them.
class fiber_keys {
 public:
  fiber_keys() { ::setenv("WEFT_INTERPOSE_KEYS", "libnobody,interpose_tests", 1); }
  ~fiber_keys() { ::unsetenv("WEFT_INTERPOSE_KEYS"); }
  fiber_keys(const fiber_keys&) = delete;
  fiber_keys& operator=(const fiber_keys&) = delete;
};

std::atomic<int> g_destroyed{0};

TEST(threads, a_key_of_fibers_has_a_value_for_each_and_destroys_it_at_its_end) {
  pthread_key_t of_fiber, of_thread;
  {
    const fiber_keys here;
    ASSERT_EQ(pthread_key_create(&of_fiber, [](void*) { ++g_destroyed; }), 0);
  }
  ASSERT_EQ(pthread_key_create(&of_thread, nullptr), 0);
  int numbers[20];
  pthread_setspecific(of_fiber, nullptr);
  std::atomic<int> began{0}, seen{0};
  side_by_side(1, 20, [&](int i) {
    EXPECT_EQ(pthread_getspecific(of_fiber), nullptr);
    EXPECT_EQ(pthread_setspecific(of_fiber, &numbers[i]), 0);
    EXPECT_EQ(pthread_setspecific(of_thread, &numbers[i]), 0);
    for (++began; began < 20;) weft::this_fiber::yield();
    EXPECT_EQ(pthread_getspecific(of_fiber), &numbers[i]);
    seen += pthread_getspecific(of_thread) == &numbers[i] ? 1 : 0;
    if (i == 0) pthread_setspecific(of_fiber, nullptr);
  });
  EXPECT_EQ(g_destroyed, 19);
  EXPECT_EQ(seen, 1);  // of the one thread there is one value, the last
  pthread_key_delete(of_thread);
  pthread_key_delete(of_fiber);
}

TEST(threads, a_key_that_is_made_anew_has_no_value_of_the_old_one) {
  const fiber_keys here;
  weft::run(weft::options{.workers = 1}, [] {
    int number = 0;
    tss_t key;
    ASSERT_EQ(tss_create(&key, nullptr), thrd_success);
    EXPECT_EQ(tss_set(key, &number), thrd_success);
    EXPECT_EQ(tss_get(key), &number);
    tss_delete(key);
    tss_t again;
    ASSERT_EQ(tss_create(&again, nullptr), thrd_success);
    EXPECT_EQ(again, key);
    EXPECT_EQ(tss_get(again), nullptr);
    tss_delete(again);
  });
}

pthread_key_t g_stubborn;
std::atomic<int> g_rounds{0};

TEST(threads, a_destructor_that_sets_its_value_again_gets_so_many_turns_as_in_libc) {
  const fiber_keys here;
  ASSERT_EQ(pthread_key_create(&g_stubborn,
                               [](void* value) {
                                 ++g_rounds;
                                 pthread_setspecific(g_stubborn, value);
                               }),
            0);
  side_by_side(1, 1, [](int) { pthread_setspecific(g_stubborn, &g_rounds); });
  EXPECT_EQ(g_rounds, PTHREAD_DESTRUCTOR_ITERATIONS);
  pthread_key_delete(g_stubborn);
}

// OpenSSL's queue of errors stands in a key of libcrypto's: the one worker's fibers each see their own.
TEST(threads, errors_of_openssl_are_the_fibers_own) {
  void* const crypto = ::dlopen("libcrypto.so.3", RTLD_NOW);
  if (crypto == nullptr) GTEST_SKIP() << "no OpenSSL 3 here";
  const auto make = reinterpret_cast<void (*)()>(::dlsym(crypto, "ERR_new"));
  const auto set = reinterpret_cast<void (*)(int, int, const char*, ...)>(::dlsym(crypto, "ERR_set_error"));
  const auto take = reinterpret_cast<unsigned long (*)()>(::dlsym(crypto, "ERR_get_error"));
  side_by_side(1, 20, [&](int i) {
    make();
    set(128, 100 + i, nullptr);
    weft::this_fiber::yield();
    EXPECT_EQ(take() & 0x7fffff, 100u + static_cast<unsigned>(i));
    EXPECT_EQ(take(), 0u);
  });
}

}  // namespace
