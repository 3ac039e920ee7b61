// Fibers that compute without parking, more of them than workers: the others go on, whatever the hogs have made ready
// is run, and the hogs come back.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <support/accident.hpp>
#include <support/fiber_test.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;

void compute_until(const std::atomic<bool>& done) {
  while (!done.load(std::memory_order_relaxed)) {
  }
}

// Ends by itself only if what it waits for is run although no worker comes free.
FIBER_TEST(filling_in, a_timer_is_kept_beside_more_hogs_than_workers) {
  std::atomic<bool> done{false};
  std::vector<weft::join_handle<void>> hogs;
  for (std::size_t i = 0; i < weft::testing::workers_of_this_test() + 2; ++i)
    hogs.push_back(weft::spawn([&done] { compute_until(done); }));
  weft::this_fiber::sleep_for(1ms);
  done = true;
  for (auto& each : hogs) each.join();
}

// As a fiber does that calls what blocks without saying so.
FIBER_TEST(filling_in, a_timer_is_kept_beside_more_blocked_threads_than_workers) {
  std::atomic<bool> done{false};
  std::vector<weft::join_handle<void>> blocked;
  for (std::size_t i = 0; i < weft::testing::workers_of_this_test() + 2; ++i)
    blocked.push_back(weft::spawn([&done] { done.wait(false); }));
  weft::this_fiber::sleep_for(1ms);
  done = true;
  done.notify_all();
  for (auto& each : blocked) each.join();
}

FIBER_TEST(filling_in, what_a_hog_makes_ready_is_run_by_others) {
  constexpr int k_rounds = 4, k_each = 100;
  std::atomic<int> ran{0};
  std::vector<weft::join_handle<void>> hogs;
  for (std::size_t i = 0; i < weft::testing::workers_of_this_test(); ++i)
    hogs.push_back(weft::spawn([&ran] {
      // The first round is in the ring when the worker is counted out; the later ones meet a closed slot.
      for (int round = 0; round < k_rounds; ++round) {
        std::atomic<int> mine{0};
        std::vector<weft::join_handle<void>> others;
        for (int k = 0; k < k_each; ++k) others.push_back(weft::spawn([&mine] { ++mine; }));
        while (mine.load() != k_each) {
        }
        for (auto& each : others) each.join();
        ran += k_each;
      }
    }));
  for (auto& each : hogs) each.join();
  EXPECT_EQ(ran, static_cast<int>(weft::testing::workers_of_this_test()) * k_rounds * k_each);
}

FIBER_TEST(filling_in, a_hog_that_yields_comes_back_and_others_have_run) {
  std::vector<weft::join_handle<void>> hogs;
  std::atomic<std::size_t> back{0};
  const std::size_t count = weft::testing::workers_of_this_test() + 1;
  for (std::size_t i = 0; i < count; ++i)
    hogs.push_back(weft::spawn([&back, count] {
      const weft::fiber_id id = weft::this_fiber::get_id();
      for (std::size_t round = 1; round <= 5; ++round) {
        ++back;
        // No hog leaves a round before all have begun it: so each is counted out for the sake of the last ones.
        while (back.load() < round * count) {
        }
        weft::this_fiber::yield();
        ASSERT_EQ(weft::this_fiber::get_id(), id);
      }
    }));
  for (auto& each : hogs) each.join();
}

// The end of the runtime, too, comes while workers are out: the hogs see that they are cancelled when they park.
FIBER_TEST(filling_in, a_runtime_ends_with_workers_that_are_out) {
  static std::atomic<std::size_t> computing;
  static std::atomic<bool> end;
  computing = 0;
  end = false;
  const std::size_t hogs = weft::testing::workers_of_this_test() + 1;
  for (std::size_t i = 0; i < hogs; ++i)
    weft::go([] {
      ++computing;
      compute_until(end);
      weft::this_fiber::sleep_for(1h);
    });
  while (computing.load() != hogs) weft::this_fiber::sleep_for(1ms);
  end = true;
}

FIBER_TEST(filling_in, workers_are_shown_with_their_fibers) {
  std::atomic<bool> done{false};
  std::atomic<std::size_t> computing{0};
  std::vector<weft::join_handle<void>> hogs;
  const std::size_t count = weft::testing::workers_of_this_test() + 1;
  for (std::size_t i = 0; i < count; ++i)
    hogs.push_back(weft::spawn([&] {
      ++computing;
      compute_until(done);
    }));
  while (computing.load() != count) weft::this_fiber::sleep_for(1ms);
  const weft::process_snapshot seen = weft::snapshot();
  std::size_t with_a_fiber = 0;
  for (const auto& thread : seen.threads)
    if (thread.role == weft::thread_role::worker && thread.running != weft::fiber_id()) ++with_a_fiber;
  EXPECT_EQ(with_a_fiber, count + 1);  // the hogs, and this one
  done = true;
  for (auto& each : hogs) each.join();
}

TEST(filling_in, says_why_no_thread_can_be_added) {
  const weft::testing::accident_end end = weft::testing::run_accident("no_thread_for_a_spare");
  EXPECT_EQ(end.exit_status, 0) << end.text;
  EXPECT_NE(end.text.find(", and no thread can be added ("), std::string::npos) << end.text;
  EXPECT_NE(end.text.find("Resource temporarily unavailable); let long computations yield\n"), std::string::npos)
      << end.text;
}

}  // namespace
