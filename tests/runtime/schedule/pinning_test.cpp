// Pinned fibers come back on the thread that they left, whoever wakes them, and hold nobody up; once unpinned they
// migrate again.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/syscall.h>
#include <unistd.h>

#include <support/fiber_test.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/dump.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/pin_guard.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;
using namespace weft::detail;
using weft::testing::wait_until;
using weft::testing::workers_of_this_test;

// The kernel's: a compiler may keep what pthread_self returns.
long thread_now() { return ::syscall(SYS_gettid); }

std::optional<unsigned> shown_pin_of(weft::fiber_id id) {
  const weft::process_snapshot seen = weft::snapshot();
  const auto at = std::find_if(seen.fibers.begin(), seen.fibers.end(), [&](const auto& f) { return f.id == id; });
  return at != seen.fibers.end() ? at->pinned_to : std::nullopt;
}

// Parks a fiber, round after round; whoever sees its round wakes it.
class turnstile {
 public:
  void pass() {
    token_ = arm(cancellation::ignored);
    waiting_.store(true);
    (void)park(token_, weft::deadline::never(), "turnstile");
  }
  void open() {
    wait_until([this] { return waiting_.exchange(false); });
    unpark(claim(token_, wake_reason::ready));
  }

 private:
  wait_token token_;
  std::atomic<bool> waiting_{false};
};

class noise {
 public:
  explicit noise(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      fibers_.push_back(weft::spawn([this] {
        for (std::size_t k = 0; !over_; ++k) {
          if (k % 16 == 0) weft::this_fiber::sleep_for(1us);
          weft::this_fiber::yield();
        }
      }));
  }
  ~noise() {
    over_ = true;
    for (auto& each : fibers_) each.join();
  }

 private:
  std::atomic<bool> over_{false};
  std::vector<weft::join_handle<void>> fibers_;
};

FIBER_TEST(pinning, a_pinned_fiber_stays_on_its_thread_over_yields_sleeps_and_blocking_calls) {
  const noise beside(3);
  std::vector<weft::join_handle<void>> pinned;
  for (int i = 0; i < 8; ++i)
    pinned.push_back(weft::spawn([] {
      const weft::pin_guard pin;
      const long home = thread_now();
      for (int round = 0; round < 50; ++round) {
        weft::this_fiber::yield();
        ASSERT_EQ(thread_now(), home);
        weft::this_fiber::sleep_for(1us * round);
        ASSERT_EQ(thread_now(), home);
        if (round % 8 == 0) weft::blocking([] {});
        ASSERT_EQ(thread_now(), home);
      }
    }));
  for (auto& each : pinned) each.join();
}

FIBER_TEST(pinning, one_that_is_woken_by_fibers_everywhere_comes_back_on_its_thread) {
  constexpr int k_rounds = 200;
  std::vector<weft::join_handle<void>> fibers;
  std::vector<turnstile> turnstiles(6);
  for (turnstile& each : turnstiles) {
    fibers.push_back(weft::spawn([&each] {
      const weft::pin_guard pin;
      const long home = thread_now();
      for (int round = 0; round < k_rounds; ++round) {
        each.pass();
        ASSERT_EQ(thread_now(), home);
      }
    }));
    fibers.push_back(weft::spawn([&each] {
      for (int round = 0; round < k_rounds; ++round) each.open();
    }));
  }
  for (auto& each : fibers) each.join();
}

// Between two rounds all workers may have gone to sleep: whichever of them it is, that one is woken.
FIBER_TEST(pinning, one_whose_worker_sleeps_is_woken_by_a_plain_thread) {
  constexpr int k_rounds = 100;
  std::vector<weft::join_handle<void>> fibers;
  std::vector<turnstile> turnstiles(workers_of_this_test());
  for (turnstile& each : turnstiles)
    fibers.push_back(weft::spawn([&each] {
      const weft::pin_guard pin;
      const long home = thread_now();
      for (int round = 0; round < k_rounds; ++round) {
        each.pass();
        ASSERT_EQ(thread_now(), home);
      }
    }));
  std::thread outside([&turnstiles] {
    for (int round = 0; round < k_rounds; ++round)
      for (turnstile& each : turnstiles) each.open();
  });
  for (auto& each : fibers) each.join();
  outside.join();
}

FIBER_TEST(pinning, pinned_fibers_and_others_of_one_worker_all_have_their_turns) {
  constexpr int k_turns = 200;
  const weft::pin_guard pin;
  std::vector<std::atomic<int>> turns(8);
  std::vector<weft::join_handle<void>> fibers;
  const auto all_have_had = [&turns](int least) {
    return std::all_of(turns.begin(), turns.end(), [least](const auto& each) { return each >= least; });
  };
  for (std::size_t i = 0; i < turns.size(); ++i)
    fibers.push_back(weft::spawn({.pinned = i % 2 == 0}, [&, i] {
      while (!all_have_had(k_turns)) {
        ++turns[i];
        weft::this_fiber::yield();
      }
    }));
  for (auto& each : fibers) each.join();
  EXPECT_TRUE(all_have_had(k_turns));
}

FIBER_TEST(pinning, guards_nest_and_the_last_one_lets_go) {
  const weft::fiber_id me = weft::this_fiber::get_id();
  EXPECT_EQ(shown_pin_of(me), std::nullopt);
  {
    const weft::pin_guard outer;
    const std::optional<unsigned> home = shown_pin_of(me);
    ASSERT_TRUE(home.has_value());
    {
      const weft::pin_guard inner;
      EXPECT_EQ(shown_pin_of(me), home);
    }
    EXPECT_EQ(shown_pin_of(me), home);
  }
  EXPECT_EQ(shown_pin_of(me), std::nullopt);
}

// The hog has the thread that the fiber was pinned to: that it is seen to run shows that the fiber has left.
FIBER_TEST(pinning, one_that_is_let_go_is_run_by_others) {
  for (int round = 0; round < 3; ++round) {
    std::atomic<bool> hogged{false}, left{false};
    long home = 0;
    weft::join_handle<void> hog;
    {
      const weft::pin_guard pin;
      home = thread_now();
      weft::this_fiber::yield();
      hog = weft::spawn({.pinned = true}, [&] {
        EXPECT_EQ(thread_now(), home);
        hogged = true;
        while (!left) {
        }
      });
    }
    wait_until([&hogged] { return hogged.load(); });
    EXPECT_NE(thread_now(), home);
    left = true;
    hog.join();
  }
}

FIBER_TEST(pinning, one_that_is_spawned_pinned_runs_on_its_spawner_s_thread_from_birth_to_end) {
  const noise beside(2);
  const weft::pin_guard pin;
  const long home = thread_now();
  std::vector<weft::join_handle<void>> children;
  for (int i = 0; i < 300; ++i)
    children.push_back(weft::spawn({.name = "child", .pinned = true}, [home] {
      for (int round = 0; round < 3; ++round) {
        ASSERT_EQ(thread_now(), home);
        const weft::pin_guard within;
        weft::this_fiber::yield();
      }
      ASSERT_EQ(thread_now(), home);
    }));
  for (auto& each : children) each.join();
  EXPECT_EQ(thread_now(), home);
}

TEST(pinning, one_that_is_spawned_pinned_from_outside_stays_where_it_first_runs) {
  std::atomic<int> ended{0};
  constexpr int k_fibers = 20;
  weft::runtime rt({.workers = 4});
  for (int i = 0; i < k_fibers; ++i)
    rt.go({.name = "from outside", .pinned = true}, [&ended] {
      const long home = thread_now();
      for (int round = 0; round < 20; ++round) {
        weft::this_fiber::yield();
        EXPECT_EQ(thread_now(), home);
        weft::this_fiber::sleep_for(1us);
        EXPECT_EQ(thread_now(), home);
      }
      ++ended;
    });
  wait_until([&ended] { return ended == k_fibers; });
}

// More hogs than workers, each on a thread of its own that it is pinned to, and none leaves a round before all have
// begun it: so in each round some run without a seat, and all wake up again on workers that are spares.
FIBER_TEST(pinning, hogs_beyond_the_workers_stay_on_their_threads) {
  std::vector<weft::join_handle<void>> hogs;
  std::atomic<std::size_t> begun{0};
  const std::size_t count = workers_of_this_test() + 2;
  for (std::size_t i = 0; i < count; ++i)
    hogs.push_back(weft::spawn([&begun, count] {
      const auto begin = [&begun, count](std::size_t round) {
        ++begun;
        while (begun.load() < round * count) {
        }
      };
      begin(1);
      const weft::pin_guard pin;
      const long home = thread_now();
      for (std::size_t round = 2; round <= 7; ++round) {
        if (round % 2 == 0)
          weft::this_fiber::yield();
        else
          weft::this_fiber::sleep_for(100us);
        ASSERT_EQ(thread_now(), home);
        begin(round);
      }
    }));
  for (auto& each : hogs) each.join();
}

// What a pinned fiber without a seat makes ready is run by others while it computes on, and it hears of them.
FIBER_TEST(pinning, one_without_a_seat_spawns_and_is_answered) {
  std::vector<weft::join_handle<void>> hogs;
  std::atomic<std::size_t> begun{0};
  const std::size_t count = workers_of_this_test() + 1;
  for (std::size_t i = 0; i < count; ++i)
    hogs.push_back(weft::spawn([&begun, count] {
      ++begun;
      while (begun.load() < count) {
      }
      const weft::pin_guard pin;
      const long home = thread_now();
      for (int round = 0; round < 20; ++round) {
        std::atomic<bool> answered{false};
        auto other = weft::spawn([&answered] { answered = true; });
        while (!answered) {
        }
        other.join();
        turnstile gate;
        auto opener = weft::spawn([&gate] { gate.open(); });
        gate.pass();
        opener.join();
        ASSERT_EQ(thread_now(), home);
      }
    }));
  for (auto& each : hogs) each.join();
}

TEST(pinning, the_end_of_a_runtime_cancels_pinned_fibers_on_their_threads) {
  struct at_end {
    std::atomic<int>& ended;
    long home = thread_now();
    ~at_end() {
      EXPECT_EQ(thread_now(), home);
      ++ended;
    }
  };
  for (const std::size_t workers : {1u, 2u, 4u, 8u}) {
    std::atomic<int> begun{0}, ended{0};
    weft::runtime rt({.workers = workers});
    for (int i = 0; i < 20; ++i)
      rt.go([&, i] {
        const weft::pin_guard pin;
        const at_end noted{ended};
        ++begun;
        if (i % 2 == 0) weft::this_fiber::sleep_for(1h);
        for (;;) weft::this_fiber::yield();
      });
    wait_until([&begun] { return begun == 20; });
    rt.stop();
    EXPECT_EQ(ended, 20);
  }
}

FIBER_TEST(pinning, a_dump_says_where_a_fiber_is_pinned_to) {
  turnstile gate;
  auto fiber = weft::spawn({.name = "kept", .pinned = true}, [&gate] { gate.pass(); });
  weft::testing::wait_until_all_parked();
  const std::optional<unsigned> home = shown_pin_of(fiber.get_id());
  ASSERT_TRUE(home.has_value());
  std::ostringstream text;
  weft::dump(text);
  EXPECT_NE(text.str().find(": turnstile, pinned to worker " + std::to_string(*home) + "\n"), std::string::npos)
      << text.str();
  gate.open();
  fiber.join();
}

TEST(pinning, a_guard_on_a_plain_thread_does_nothing) {
  const weft::pin_guard outer;
  const long home = thread_now();
  const weft::pin_guard inner;
  weft::this_fiber::yield();
  EXPECT_EQ(thread_now(), home);
}

}  // namespace
