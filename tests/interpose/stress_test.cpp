// Fibers and threads on the same locks at once, with deadlines, requests to end, and the end of the runtime while some
// wait. For as many seconds as WEFT_INTERPOSE_STRESS says; a moment without it.

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <latch>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <system_error>
#include <thread>

#include <cxxabi.h>
#include <gtest/gtest.h>
#include <semaphore.h>

#include "lot_look.hpp"
#include "side_by_side.hpp"

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

clock_type::duration share_of_time(int parts) {
  const char* const seconds = std::getenv("WEFT_INTERPOSE_STRESS");
  return seconds == nullptr ? 15ms : clock_type::duration(std::chrono::seconds(std::atoi(seconds))) / parts;
}

bool on_fiber() { return weft::detail::on_fiber(); }
bool is_asked_to_end() { return on_fiber() && weft::this_fiber::stop_token().stop_requested(); }
void pause_a_little() {
  const weft::shield_guard held;  // what it does between is done to the end
  on_fiber() ? weft::this_fiber::yield() : std::this_thread::yield();
}

// A fiber that is being asked meets that before its token says so.
void until_asked_to_end() {
  while (on_fiber() && !is_asked_to_end()) pause_a_little();
}

// What all of them share. Each thing checks itself.
class shared_things {
 public:
  shared_things() { sem_init(&permits_, 0, 2); }
  ~shared_things() { sem_destroy(&permits_); }

  void use_one(std::minstd_rand& random) {
    switch (random() % 8) {
      case 0: return use_mutex(random);
      case 1: return use_recursive(random);
      case 2: return read_or_write(random);
      case 3: return hold_permit(random);
      case 4: return give_token();
      case 5: return take_token(random);
      case 6: return turn_wheel();
      default: return await_turn();
    }
  }

  void turn_wheel() {
    ++wheel_;
    wheel_.notify_all();
  }

 private:
  void use_mutex(std::minstd_rand& random) {
    std::unique_lock held(mutex_, std::defer_lock);
    if (random() % 2 == 0)
      held.lock();
    else if (!held.try_lock_for(std::chrono::microseconds(random() % 200)))
      return;
    EXPECT_EQ(inside_++, 0);
    if (random() % 4 == 0) pause_a_little();
    EXPECT_EQ(--inside_, 0);
  }

  void use_recursive(std::minstd_rand& random) {
    const std::scoped_lock outer(recursive_);
    EXPECT_EQ(depth_++, 0);
    if (random() % 4 == 0) pause_a_little();
    {
      const std::scoped_lock inner(recursive_);
      EXPECT_EQ(depth_, 1);
    }
    --depth_;
  }

  void read_or_write(std::minstd_rand& random) {
    if (random() % 4 != 0) {
      const std::shared_lock held(both_);
      EXPECT_EQ(left_, right_);
      if (random() % 4 == 0) pause_a_little();
      return;
    }
    std::unique_lock held(both_, std::defer_lock);
    if (!held.try_lock_for(std::chrono::microseconds(random() % 2000))) return;
    ++left_;
    if (random() % 4 == 0) pause_a_little();
    ++right_;
  }

  void hold_permit(std::minstd_rand& random) {
    if (sem_wait(&permits_) != 0) {
      EXPECT_EQ(errno, ECANCELED);
      return until_asked_to_end();
    }
    EXPECT_LE(++holders_, 2);
    if (random() % 2 == 0) pause_a_little();
    --holders_;
    sem_post(&permits_);
  }

  void give_token() {
    {
      const std::scoped_lock held(tokens_lock_);
      ++tokens_;
    }
    tokens_ % 3 == 0 ? more_tokens_.notify_all() : more_tokens_.notify_one();
  }
  void take_token(std::minstd_rand& random) {
    std::unique_lock held(tokens_lock_);
    const auto limit = std::chrono::microseconds(random() % 300);
    if (more_tokens_.wait_for(held, limit, [this] { return tokens_ > 0; })) --tokens_;
  }

  // Somebody turns it soon: the test itself, if nobody else does.
  void await_turn() { wheel_.wait(wheel_); }

  std::timed_mutex mutex_;
  int inside_ = 0;  // guarded by mutex_
  std::recursive_mutex recursive_;
  int depth_ = 0;  // guarded by recursive_
  std::shared_timed_mutex both_;
  long left_ = 0, right_ = 0;  // guarded by both_
  sem_t permits_;
  std::atomic<int> holders_{0};
  std::mutex tokens_lock_;
  std::condition_variable more_tokens_;
  std::atomic<int> tokens_{0};  // written under tokens_lock_
  std::atomic<int> wheel_{0};
};

void use_until(shared_things& things, clock_type::time_point end, unsigned seed) {
  std::minstd_rand random(seed);
  while (clock_type::now() < end && !is_asked_to_end()) things.use_one(random);
}

TEST(stress, fibers_and_threads_use_everything_and_some_are_asked_to_end) {
  weft::testing::at_each_width([](std::size_t workers) {
    shared_things things;
    const auto end = clock_type::now() + share_of_time(8);
    std::atomic<bool> is_over{false};
    std::thread turner([&] {
      for (; !is_over; std::this_thread::sleep_for(1ms)) things.turn_wheel();
    });
    std::array<std::thread, 3> threads;
    for (unsigned i = 0; i != threads.size(); ++i)
      threads[i] = std::thread([&, i] { use_until(things, end, 100 + i); });
    weft::run(weft::options{.workers = workers}, [&] {
      for (unsigned i = 0; i != 40; ++i) weft::spawn([&, i] { use_until(things, end, i); }).detach();
      for (unsigned seed = 1000; clock_type::now() < end; ++seed) {
        weft::join_handle<void> one = weft::spawn([&, seed] { use_until(things, end, seed); });
        weft::this_fiber::sleep_for(300us);
        one.request_stop();
        try {
          one.join();
        } catch (const std::system_error&) {
          // It had not begun.
        }
      }
      // Some wait still: the runtime's end asks them to end.
    });
    for (std::thread& each : threads) each.join();
    is_over = true;
    turner.join();
    EXPECT_TRUE(weft::testing::lot_is_empty());
  });
}

timespec after_nanoseconds(long more) {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  time.tv_nsec += more;
  time.tv_sec += time.tv_nsec / 1'000'000'000;
  time.tv_nsec %= 1'000'000'000;
  return time;
}

// Each takes exactly one, and each that comes is for one: a signal too few is a test that never ends.
TEST(stress, no_signal_is_lost_among_waits_that_end_by_themselves) {
  weft::testing::at_each_width([](std::size_t workers) {
    std::mutex mutex;
    std::condition_variable changed;
    int tokens = 0;
    std::atomic<bool> is_over{false};
    const auto take_for_ever = [&] {  // untimed: it needs its signal
      while (!is_over) {
        std::unique_lock held(mutex);
        changed.wait(held, [&] { return tokens > 0 || is_over; });
        if (tokens > 0) --tokens;
      }
    };
    const auto come_and_go = [&](unsigned seed) {  // leaves at deadlines, and takes nothing
      for (std::minstd_rand random(seed); !is_over;) {
        const std::scoped_lock held(mutex);
        const timespec until = after_nanoseconds(random() % 50'000);
        const int outcome =
            pthread_cond_clockwait(changed.native_handle(), mutex.native_handle(), CLOCK_MONOTONIC, &until);
        if (outcome == 0 && tokens > 0) changed.notify_one();  // it was woken, and the token is another's
      }
    };
    std::thread taker(take_for_ever), goer([&] { come_and_go(7); });
    const auto end = clock_type::now() + share_of_time(8);
    weft::testing::side_by_side(workers, 5, [&](int i) {
      if (i == 1 || i == 2) return come_and_go(static_cast<unsigned>(i));
      if (i != 0) return take_for_ever();
      while (clock_type::now() < end) {
        {
          const std::scoped_lock held(mutex);
          ++tokens;
        }
        changed.notify_one();
        weft::testing::yield_until([&] {
          const std::scoped_lock held(mutex);
          return tokens == 0;
        });
      }
      is_over = true;
      const std::scoped_lock held(mutex);
      changed.notify_all();
    });
    taker.join();
    goer.join();
    EXPECT_TRUE(weft::testing::lot_is_empty());
  });
}

TEST(stress, latches_and_guards_pass_from_hand_to_hand) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer has guards of its own";
#endif
  constexpr int k_rounds = 12, k_fibers = 6;
  weft::testing::at_each_width([](std::size_t workers) {
    std::array<abi::__guard, k_rounds> guards{};
    std::array<int, k_rounds> made{};
    std::vector<std::unique_ptr<std::latch>> latches;
    for (int i = 0; i != k_rounds; ++i) latches.push_back(std::make_unique<std::latch>(k_fibers + 1));
    const auto pass = [&](int) {
      for (std::size_t i = 0; i != k_rounds; ++i) {
        // As a compiler writes it: it asks for one that is not done.
        if (abi::__cxa_guard_acquire(&guards[i]) != 0) {
          pause_a_little();
          ++made[i];
          abi::__cxa_guard_release(&guards[i]);
        }
        EXPECT_EQ(made[i], 1);
        latches[i]->arrive_and_wait();
      }
    };
    std::thread beside([&] { pass(0); });
    weft::testing::side_by_side(workers, k_fibers, pass);
    beside.join();
    EXPECT_TRUE(weft::testing::lot_is_empty());
  });
}

}  // namespace
