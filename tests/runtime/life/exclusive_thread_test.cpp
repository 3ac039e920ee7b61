// A fiber has a thread of its own for as long as it wants: nobody else runs there, whoever wakes it wakes it there, and
// what it blocks or computes holds nobody up.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <sys/syscall.h>
#include <unistd.h>

#include <support/fiber_test.hpp>
#include <support/fibers.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/exclusive_thread.hpp>
#include <weft/runtime/fiber_local.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/pin_guard.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

namespace {

using namespace std::chrono_literals;
using weft::exclusive_thread;
using weft::testing::wait_until;
using weft::testing::workers_of_this_test;

// The kernel's: a compiler may keep what pthread_self returns.
long thread_here() { return ::syscall(SYS_gettid); }

// Parks a fiber, round after round; whoever sees its round wakes it.
class doorway {
 public:
  void pass() {
    token_ = weft::detail::arm(weft::detail::cancellation::ignored);
    waiting_.store(true);
    (void)weft::detail::park(token_, weft::deadline::never(), "doorway");
  }
  void open() {
    wait_until([this] { return waiting_.exchange(false); });
    weft::detail::unpark(weft::detail::claim(token_, weft::detail::wake_reason::ready));
  }

 private:
  weft::detail::wait_token token_;
  std::atomic<bool> waiting_{false};
};

// The threads that somebody has alone.
class owned_threads {
 public:
  void add(long thread) { free_place() = thread; }
  void remove(long thread) { *std::find(all_.begin(), all_.end(), thread) = 0; }
  [[nodiscard]] bool have(long thread) const { return std::find(all_.begin(), all_.end(), thread) != all_.end(); }

 private:
  std::atomic<long>& free_place() {
    for (std::size_t i = next_++;; ++i)
      if (std::atomic<long>& place = all_[i % all_.size()]; place == 0) return place;
  }
  std::array<std::atomic<long>, 16> all_{};
  std::atomic<std::size_t> next_{0};  // who adds begins elsewhere than the others
};

// Fibers that yield, sleep and call what blocks, and never find themselves on a thread of somebody else's.
class crowd {
 public:
  crowd(std::size_t count, const owned_threads& avoided) : avoided_(avoided) {
    for (std::size_t i = 0; i < count; ++i) fibers_.push_back(weft::spawn([this] { mill_about(); }));
  }
  ~crowd() {
    over_ = true;
    weft::testing::join_all(fibers_);
    EXPECT_EQ(trespassed_, 0);
  }

 private:
  void mill_about() {
    for (std::size_t k = 0; !over_; ++k) {
      if (k % 16 == 0) weft::this_fiber::sleep_for(1us);
      weft::this_fiber::yield();
      if (avoided_.have(thread_here())) ++trespassed_;
    }
  }

  const owned_threads& avoided_;
  std::atomic<bool> over_{false};
  std::atomic<int> trespassed_{0};
  weft::testing::fibers fibers_;
};

void stay_for_a_while(owned_threads& owned) {
  const exclusive_thread here;
  const long home = thread_here();
  ASSERT_FALSE(owned.have(home));
  owned.add(home);
  for (int round = 0; round < 24; ++round) {
    weft::this_fiber::yield();
    ASSERT_EQ(thread_here(), home);
    weft::this_fiber::sleep_for(1us * round);
    ASSERT_EQ(thread_here(), home);
    if (round % 8 == 0) weft::blocking([] {});
    ASSERT_EQ(thread_here(), home);
  }
  owned.remove(home);
}

FIBER_TEST(exclusive_thread, nobody_else_runs_there_while_its_fiber_yields_sleeps_and_waits) {
  owned_threads owned;
  const crowd beside(4, owned);
  weft::testing::fibers alone;
  for (int i = 0; i < 4; ++i)
    alone.push_back(weft::spawn([&] {
      for (int again = 0; again < 3; ++again) {
        stay_for_a_while(owned);
        weft::this_fiber::yield();
      }
    }));
  weft::testing::join_all(alone);
}

FIBER_TEST(exclusive_thread, its_fiber_is_woken_there_by_fibers_and_by_a_plain_thread) {
  std::array<doorway, 3> doorways;
  weft::testing::fibers fibers;
  for (doorway& each : doorways)
    fibers.push_back(weft::spawn([&each] {
      const exclusive_thread here;
      const long home = thread_here();
      for (int round = 0; round < 100; ++round) {
        each.pass();
        ASSERT_EQ(thread_here(), home);
      }
    }));
  for (doorway& each : {std::ref(doorways[0]), std::ref(doorways[1])})
    fibers.push_back(weft::spawn([&each] {
      for (int round = 0; round < 100; ++round) each.open();
    }));
  std::thread outside([&] {
    for (int round = 0; round < 100; ++round) doorways[2].open();
  });
  weft::testing::join_all(fibers);
  outside.join();
}

// As a GUI's loop does, or a library that reads.
FIBER_TEST(exclusive_thread, one_that_really_blocks_there_holds_nobody_up) {
  std::array<std::atomic<bool>, 2> answered{};
  const exclusive_thread here;
  std::vector<weft::join_handle<void>> hogs;
  for (std::size_t i = 0; i < workers_of_this_test(); ++i)
    hogs.push_back(weft::spawn([&answered] {
      weft::this_fiber::sleep_for(1us);
      answered[0] = true;
      answered[0].notify_all();
      weft::this_fiber::yield();
      while (!answered[1]) {
      }
    }));
  answered[0].wait(false);             // this thread sleeps in the kernel; the others go on
  weft::this_fiber::sleep_for(100us);  // all workers are busy: its time is seen to all the same
  auto pinned = weft::spawn({.pinned = true}, [] { return thread_here(); });
  answered[1] = true;
  weft::testing::join_all(hogs);
  EXPECT_NE(pinned.join(), thread_here());
}

FIBER_TEST(exclusive_thread, what_is_spawned_there_runs_elsewhere_and_stays_elsewhere_if_pinned) {
  const exclusive_thread here;
  const long home = thread_here();
  weft::testing::fibers children;
  for (int i = 0; i < 40; ++i)
    children.push_back(weft::spawn({.pinned = i % 2 == 0}, [home] {
      for (int round = 0; round < 5; ++round) {
        EXPECT_NE(thread_here(), home);
        weft::this_fiber::yield();
      }
      const weft::pin_guard pin;
      EXPECT_NE(thread_here(), home);
    }));
  weft::task_group group;
  group.go([home] { EXPECT_NE(thread_here(), home); });
  group.wait();
  weft::testing::join_all(children);
  EXPECT_EQ(thread_here(), home);
}

FIBER_TEST(exclusive_thread, guards_of_both_kinds_nest_and_the_last_one_lets_go) {
  owned_threads owned;
  const crowd beside(3, owned);
  auto outer = std::make_unique<exclusive_thread>();
  const long home = thread_here();
  owned.add(home);
  const auto still_here = [home] {
    weft::this_fiber::sleep_for(1us);
    return thread_here() == home;
  };
  {
    const exclusive_thread within;
    const weft::pin_guard pin;
    EXPECT_TRUE(still_here());
  }
  EXPECT_TRUE(still_here());
  {
    const weft::pin_guard pin;
    outer.reset();  // not in the order of making: the thread is kept for the pin
    EXPECT_TRUE(still_here());
    const exclusive_thread again;
    EXPECT_TRUE(still_here());
  }
  {
    const exclusive_thread next;  // has not left since: the same thread, and no switch
    EXPECT_EQ(thread_here(), home);
    EXPECT_TRUE(still_here());
  }
  {
    const weft::pin_guard pin;  // likewise
    EXPECT_TRUE(still_here());
  }
  owned.remove(home);
  wait_until([home] { return thread_here() != home; });
}

FIBER_TEST(exclusive_thread, threads_are_used_again) {
  std::set<long> used;
  for (int round = 0; round < 600; ++round) {
    {
      const exclusive_thread here;
      used.insert(thread_here());
    }
    weft::this_fiber::yield();
  }
  EXPECT_LE(used.size(), 256u);  // what there may be: more rounds than that would be refused
}

// What one throws there, what one has for its own, a time limit: nothing of the fiber stays behind.
FIBER_TEST(exclusive_thread, a_fiber_takes_along_what_is_its_own) {
  static weft::fiber_local<int> mine;
  *mine = 7;
  EXPECT_THROW(weft::with_timeout(1ms,
                                  [] {
                                    const exclusive_thread here;
                                    weft::this_fiber::sleep_for(1h);
                                  }),
               weft::timed_out);
  try {
    throw 1;
  } catch (int) {
    const exclusive_thread here;
    EXPECT_EQ(*mine, 7);
    EXPECT_NE(std::current_exception(), nullptr);
    try {
      throw 2;
    } catch (int caught) {
      EXPECT_EQ(caught, 2);
    }
  }
  EXPECT_EQ(std::current_exception(), nullptr);
}

}  // namespace
