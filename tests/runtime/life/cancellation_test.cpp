// Cancellation: level-triggered, delivered at cancellation points alone, held back by shield and by unwinding.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include <support/fiber_test.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

namespace {

using namespace std::chrono_literals;

FIBER_TEST(runtime, every_cancellation_point_throws_until_the_end) {
  int deliveries = 0;
  auto handle = weft::spawn([&] {
    for (int i = 0; i < 3; ++i) {
      try {
        weft::this_fiber::sleep_for(1h);
      } catch (const weft::cancelled&) {
        ++deliveries;
      }
    }
    try {
      weft::this_fiber::yield();
    } catch (const weft::cancelled&) {
      ++deliveries;
      throw;
    }
  });
  weft::testing::wait_until_all_parked();
  handle.request_stop();
  EXPECT_THROW(handle.join(), std::system_error);
  EXPECT_EQ(deliveries, 4);
}

FIBER_TEST(runtime, catching_std_exception_does_not_swallow_it) {
  bool swallowed = false;
  auto handle = weft::spawn([&] {
    try {
      weft::this_fiber::sleep_for(1h);
    } catch (const std::exception&) {
      swallowed = true;
    }
  });
  weft::testing::wait_until_all_parked();
  handle.request_stop();
  EXPECT_THROW(handle.join(), std::system_error);
  EXPECT_FALSE(swallowed);
}

FIBER_TEST(runtime, one_cancelled_before_its_first_turn_never_runs_but_its_closure_dies) {
  auto alive = std::make_shared<int>(0);
  std::atomic<int> ran{0};
  for (int i = 0; i < 50; ++i) {
    auto handle = weft::spawn([alive, &ran] {
      ++ran;
      weft::this_fiber::sleep_for(1h);
    });
    handle.request_stop();
    EXPECT_THROW(handle.join(), std::system_error);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

FIBER_TEST(runtime, shield_defers_delivery) {
  std::atomic<bool> inside{false};
  std::atomic<bool> asked{false};
  bool slept = false;
  bool delivered_after = false;
  auto handle = weft::spawn([&] {
    weft::shield([&] {
      inside = true;
      while (!asked) weft::this_fiber::yield();
      weft::this_fiber::sleep_for(1ms);
      slept = true;
    });
    try {
      weft::this_fiber::sleep_for(1h);
    } catch (const weft::cancelled&) {
      delivered_after = true;
      throw;
    }
  });
  weft::testing::wait_until([&] { return inside.load(); });
  handle.request_stop();
  asked = true;
  EXPECT_THROW(handle.join(), std::system_error);
  EXPECT_TRUE(slept);
  EXPECT_TRUE(delivered_after);
}

// What a fiber has on loan, and gives back by a wait of its own.
struct lease {
  int& given_back;
  ~lease() {
    const weft::shield_guard guard;
    weft::this_fiber::yield();
    ++given_back;
  }
};

FIBER_TEST(shield_guard, lets_a_destructor_wait_at_the_end_of_its_scope_and_while_unwinding) {
  int given_back = 0;
  std::atomic<bool> is_asked{false};
  std::atomic<bool> has_begun{false};
  auto ends = weft::spawn([&] {
    const lease held{given_back};
    has_begun = true;
    weft::shield([&] { weft::testing::wait_until([&] { return is_asked.load(); }); });
  });
  weft::testing::wait_until([&] { return has_begun.load(); });
  ends.request_stop();
  is_asked = true;
  ends.join();
  EXPECT_EQ(given_back, 1);
  auto unwinds = weft::spawn([&] {
    const lease held{given_back};
    weft::this_fiber::sleep_for(1h);
  });
  weft::testing::wait_until_all_parked();
  unwinds.request_stop();
  EXPECT_THROW(unwinds.join(), std::system_error);
  EXPECT_EQ(given_back, 2);
}

FIBER_TEST(shield_guard, nests_with_itself_and_shield_and_delivers_after_the_last) {
  std::atomic<bool> is_asked{false};
  std::string heard;
  const auto look = [&heard](const char* where) {
    try {
      weft::this_fiber::yield();
    } catch (const weft::cancelled&) {
      heard += where;
    }
  };
  std::atomic<bool> has_begun{false};
  auto handle = weft::spawn([&] {
    {
      const weft::shield_guard outer;
      has_begun = true;
      weft::testing::wait_until([&] { return is_asked.load(); });
      {
        const weft::shield_guard inner;
        look("in the inner one ");
      }
      weft::shield([&] { look("in shield "); });
      weft::with_timeout(1h, [&] { look("in a limit "); });
      look("in the outer one ");
    }
    look("after");
  });
  weft::testing::wait_until([&] { return has_begun.load(); });
  handle.request_stop();
  is_asked = true;
  handle.join();
  EXPECT_EQ(heard, "after");
}

TEST(shield_guard, does_nothing_on_a_plain_thread) {
  const weft::shield_guard guard;
  weft::this_fiber::yield();
}

FIBER_TEST(runtime, nothing_is_delivered_while_an_exception_is_in_flight) {
  struct sleeps_in_destructor {
    bool& slept;
    ~sleeps_in_destructor() {
      weft::this_fiber::sleep_for(1ms);
      slept = true;
    }
  };
  bool slept = false;
  auto handle = weft::spawn([&] {
    const sleeps_in_destructor guard{slept};
    weft::this_fiber::sleep_for(1h);
  });
  weft::testing::wait_until_all_parked();
  handle.request_stop();
  EXPECT_THROW(handle.join(), std::system_error);
  EXPECT_TRUE(slept);
}

// Whichever of the two the end of the runtime wakes first.
TEST(runtime, a_joiner_that_ends_with_whom_it_joins_is_cancelled) {
  constexpr int k_pairs = 20;
  std::atomic<int> cancelled{0};
  const auto join = [&cancelled](weft::join_handle<void>& joined) {
    try {
      joined.join();
    } catch (const weft::cancelled&) {
      if (joined.joinable()) ++cancelled;
      throw;
    }
  };
  const auto sleep = [] { weft::this_fiber::sleep_for(1h); };
  weft::run([&] {
    for (int i = 0; i < k_pairs; ++i) {
      weft::go([join, sleep] {
        auto younger = weft::spawn(sleep);
        join(younger);
      });
      weft::go([join, elder = weft::spawn(sleep)]() mutable { join(elder); });
    }
    weft::testing::wait_until_all_parked();
  });
  EXPECT_EQ(cancelled, 2 * k_pairs);
}

FIBER_TEST(runtime, a_cancelled_joiner_leaves_the_handle_joinable) {
  std::atomic<bool> go_on{false};
  auto target = weft::spawn([&] {
    while (!go_on) weft::this_fiber::yield();
    return 5;
  });
  auto joiner = weft::spawn([&] { return target.join(); });
  for (int i = 0; i < 10; ++i) weft::this_fiber::yield();
  joiner.request_stop();
  EXPECT_THROW(joiner.join(), std::system_error);
  go_on = true;
  EXPECT_EQ(target.join(), 5);
}

FIBER_TEST(runtime, cancel_races_the_start_of_a_wait) {
  for (int i = 0; i < 300; ++i) {
    auto handle = weft::spawn([i] {
      for (int k = 0; k < i % 7; ++k) weft::this_fiber::yield();
      weft::this_fiber::sleep_for(1h);
    });
    for (int k = 0; k < i % 5; ++k) weft::this_fiber::yield();
    handle.request_stop();
    EXPECT_THROW(handle.join(), std::system_error);
  }
}

TEST(cancellation, the_end_of_a_runtime_unwinds_every_fiber) {
  for (const std::size_t workers : {1u, 2u, 4u}) {
    std::atomic<int> begun{0};
    std::atomic<int> ended{0};
    struct counted {
      std::atomic<int>& ended;
      ~counted() { ++ended; }
    };
    weft::run(weft::options{.workers = workers}, [&] {
      for (int i = 0; i < 100; ++i)
        weft::go([&] {
          ++begun;
          const counted guard{ended};
          // One more, born while the runtime ends or not: it is cancelled like any other.
          weft::go([&ended, &begun] {
            ++begun;
            const counted inner{ended};
            weft::this_fiber::sleep_for(1h);
          });
          weft::this_fiber::sleep_for(1h);
        });
      for (int i = 0; i < 20; ++i) weft::this_fiber::yield();
    });
    EXPECT_EQ(begun, ended);
  }
}

}  // namespace
